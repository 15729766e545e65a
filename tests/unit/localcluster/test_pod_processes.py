"""What is killed of a pod is what the kernel counts to it, and nothing else."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.pod_processes import group_in_pod, processes_of

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
    groups = {work: f"{NODE}/c1", sandbox: f"{NODE}/c0", stranger: f"/kubepods/pod{LONGER}/c1"}
    for process, path in groups.items():
        (tmp_path / str(process.pid)).mkdir()
        (tmp_path / str(process.pid) / "cgroup").write_text(f"0::{path}\n")
    found = processes_of(_pod({"running": {}}), tmp_path)
    assert [identity.pid for identity in found.work] == [work.pid]
    found.kill()
    assert [work.wait(), sandbox.wait()] == [-signal.SIGKILL, -signal.SIGKILL]
    assert stranger.poll() is None


def test_a_container_that_ended_is_not_at_work(tmp_path: Path) -> None:
    assert processes_of(_pod({"terminated": {}}), tmp_path).work == frozenset()


def _pod(state: dict[str, Any]) -> dict[str, Any]:
    container = {"containerID": "containerd://c1", "state": state}
    return {"metadata": {"uid": UID}, "status": {"containerStatuses": [container]}}
