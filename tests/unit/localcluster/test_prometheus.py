"""Prometheus is fetched only where it is missing."""

from pathlib import Path

import pytest

from localcluster import prometheus
from localcluster.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", state=tmp_path / "state")


def program(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("")
    (folder / name).chmod(0o755)


def test_programs_of_this_machine_are_used(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in prometheus.PROGRAMS:
        program(tmp_path / "bin", name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    prometheus.ensure(settings)
    assert not settings.cache.exists()


def test_an_unpacked_package_is_linked_and_not_fetched_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in prometheus.PROGRAMS:
        program(settings.cache / "debian" / "prometheus" / "usr" / "bin", name)
    prometheus.ensure(settings)
    prometheus.ensure(settings)
    assert {path.name for path in settings.bin.iterdir()} == set(prometheus.PROGRAMS)
    assert all(path.is_symlink() and path.exists() for path in settings.bin.iterdir())
