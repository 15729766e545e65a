"""What is killed of a pod is what the kernel counts to it, and nothing else."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcluster.processes import parse_stat
from support.pod_processes import group_in_pod, processes_of, standing_still
from support.waiting import TimedOutError, wait_until

SECONDS = 20
UID = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
LONGER = f"{UID}0"
NODE = f"/kubepods/burstable/pod{UID}"
SYSTEMD = f"/kubepods.slice/kubepods-burstable-pod{UID.replace('-', '_')}.slice"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param(f"9:name=systemd:/\n4:memory:{NODE}/c1\n0::/\n", f"{NODE}/c1", id="v1"),
        pytest.param(f"0::{NODE}/c1\n", f"{NODE}/c1", id="v2"),
        pytest.param(f"0::{NODE}\n", NODE, id="the-pod-itself"),
        pytest.param(f"0::{SYSTEMD}/cri-c1.scope\n", f"{SYSTEMD}/cri-c1.scope", id="systemd"),
        pytest.param(f"0::/kubepods/burstable/pod{LONGER}/c1\n", None, id="longer-uid"),
        pytest.param(f"0::/kubepods/burstable/{UID}/c1\n", None, id="no-pod"),
        pytest.param("0::/\n", None, id="none"),
    ],
)
def test_a_pods_group_is_known_by_its_uid(text: str, path: str | None) -> None:
    assert group_in_pod(text, UID) == path


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Yield three processes that wait for a line."""
    waiting = [sys.executable, "-c", "input()"]
    started = [subprocess.Popen(waiting, stdin=subprocess.PIPE) for _ in range(3)]
    yield started
    for process in started:
        process.communicate(b"\n")


def test_all_processes_of_a_pod_are_killed_and_no_other(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    work, sandbox, stranger = processes
    _write_groups(tmp_path, processes)
    found = processes_of(_pod({"running": {}}), tmp_path)
    assert [identity.pid for identity in found.work] == [work.pid]
    found.kill()
    assert [work.wait(), sandbox.wait()] == [-signal.SIGKILL, -signal.SIGKILL]
    assert stranger.poll() is None


def test_a_pod_stands_still_until_it_may_go_on(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    _write_groups(tmp_path, processes)
    with standing_still(UID, tmp_path) as go_on:
        wait_until(lambda: _states(processes)[:2] == "TT", SECONDS)
        assert _states(processes)[2] != "T"
        go_on()
        wait_until(lambda: "T" not in _states(processes), SECONDS)


def test_a_pod_goes_on_when_the_block_ends_by_an_error(
    tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    _write_groups(tmp_path, processes)
    with pytest.raises(TimedOutError), standing_still(UID, tmp_path):
        wait_until(lambda: _states(processes)[2] == "T", 0.1)
    wait_until(lambda: "T" not in _states(processes), SECONDS)


def _states(processes: list[subprocess.Popen[bytes]]) -> str:
    """Return the letters by which the kernel tells what processes do; T is one that is stopped."""
    stats = (Path(f"/proc/{process.pid}/stat").read_text() for process in processes)
    return "".join(parse_stat(stat)[0] for stat in stats)


def _write_groups(proc: Path, processes: list[subprocess.Popen[bytes]]) -> None:
    """Say that the first one works in the pod, the second holds it together, the third is none."""
    groups = (f"{NODE}/c1", f"{NODE}/c0", f"/kubepods/pod{LONGER}/c1")
    for process, path in zip(processes, groups, strict=True):
        (proc / str(process.pid)).mkdir()
        (proc / str(process.pid) / "cgroup").write_text(f"0::{path}\n")


def test_a_container_that_ended_is_not_at_work(tmp_path: Path) -> None:
    assert processes_of(_pod({"terminated": {}}), tmp_path).work == frozenset()


def _pod(state: dict[str, Any]) -> dict[str, Any]:
    container = {"containerID": "containerd://c1", "state": state}
    return {"metadata": {"uid": UID}, "status": {"containerStatuses": [container]}}
