"""A process is the same one only if number, start time and boot agree."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from localcluster import processes
from localcluster.processes import Identity, Record
from localcluster.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", state=tmp_path / "state")


@pytest.mark.parametrize("name", ["sh", "a b", "((x) y)", "S 1 2"])
def test_stat_is_read_whatever_the_program_is_called(name: str) -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    assert processes.parse_stat(f"17 ({name}) R {fields}\n") == ("R", 22)


def test_this_process_is_alive_and_itself() -> None:
    identity = processes.identify(os.getpid())
    assert identity
    assert processes.is_alive(identity)


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_a_recycled_number_is_not_the_same_process(change: dict[str, object]) -> None:
    identity = processes.identify(os.getpid())
    assert identity
    assert not processes.is_alive(dataclasses.replace(identity, **change))  # type: ignore[arg-type]


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert processes.identify(child.pid) is None


def test_terminate_spares_a_process_that_took_over_the_number() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        identity = processes.identify(child.pid)
        assert identity
        processes.terminate(dataclasses.replace(identity, started=identity.started - 1), 5)
        assert processes.is_alive(identity)
        processes.terminate(identity, 5)
        assert not processes.is_alive(identity)


def test_terminate_kills_what_ignores_it() -> None:
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        identity = processes.identify(child.pid)
        assert identity
        processes.terminate(identity, 0.1)
        assert not processes.is_alive(identity)


def test_records_survive_and_damaged_ones_count_as_none(settings: Settings) -> None:
    record = Record(Identity(7, 8, "boot"), "spec")
    processes.write_record(settings, "etcd", record)
    assert processes.read_record(settings, "etcd") == record
    for damage in ("", "{", "[]", '{"identity": {"pid": 1}}'):
        (settings.run / "etcd.json").write_text(damage)
        assert processes.read_record(settings, "etcd") is None
    assert processes.read_record(settings, "never") is None


def test_stop_forgets_a_process_that_is_gone(settings: Settings) -> None:
    processes.write_record(settings, "etcd", Record(Identity(2**22 - 1, 1, "boot"), "spec"))
    processes.stop(settings, "etcd", 1)
    assert processes.read_record(settings, "etcd") is None
