from pathlib import Path

import pytest
import yaml

from trimtab_operator.errors import InvalidSettings
from trimtab_operator.settings import read_settings

SMALLEST = {"images": {"ingest": "i", "train": "t", "server": "s"}, "codeVersion": "1"}


def write(folder: Path, content: object) -> Path:
    path = folder / "settings.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_defaults_complete_the_smallest_file(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, SMALLEST))
    assert settings.release.server_image == "s"
    assert settings.release.storage_secret == "trimtab-storage"  # noqa: S105 - a name
    assert settings.storage.bucket_of("team") == "trimtab-team"
    assert settings.namespaces == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(SMALLEST | {"colour": "red"}, "`colour`", id="unknown field"),
        pytest.param({"codeVersion": "1"}, "`images`", id="missing field"),
        pytest.param(
            SMALLEST | {"storage": {"bucketTemplate": "x-{team}"}}, "bucketTemplate", id="template"
        ),
        pytest.param(SMALLEST | {"lease": {"seconds": 1}}, "`lease.seconds`", id="short Lease"),
        pytest.param("{", "is not YAML", id="no YAML"),
    ],
)
def test_a_wrong_file_names_the_field(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(InvalidSettings, match="Helm values") as caught:
        read_settings(write(tmp_path, content))
    assert said in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="absent"):
        read_settings(tmp_path / "absent.yaml")
