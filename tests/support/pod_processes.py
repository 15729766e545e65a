"""The processes of a pod of the embedded cluster, which are processes of this machine too."""

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcluster.processes import Identity, identify, is_alive
from support.waiting import wait_until

END_SECONDS = 10
PROC = Path("/proc")


@dataclass(frozen=True)
class PodProcesses:
    """What runs in a pod.

    Attributes:
        work: processes of its containers.
        rest: the one that holds the pod together, and what no container's status names yet.
    """

    work: frozenset[Identity]
    rest: frozenset[Identity]

    def kill(self) -> None:
        """End all of them with SIGKILL."""
        # They are stopped first: none sees another one end, and has a last word about it.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for identity in self._left():
                _send(identity, number)
        wait_until(lambda: not self._left(), END_SECONDS, what="the end of the killed processes")

    def _left(self) -> list[Identity]:
        return [identity for identity in (*self.work, *self.rest) if is_alive(identity)]


@contextlib.contextmanager
def standing_still(uid: str, proc: Path = PROC) -> Iterator[Callable[[], None]]:
    """Stop all processes of a pod until the end of the block, or until what it yields is called.

    Args:
        uid: of the pod.
        proc: where the kernel tells of processes.
    """
    stopped: set[Identity] = set()

    def go_on() -> None:
        while stopped:
            _send(stopped.pop(), signal.SIGCONT)

    try:
        # Until no process is left that one of them could have started meanwhile.
        while found := {identity for identity, _ in _members(uid, proc)} - stopped:
            for identity in found:
                _send(identity, signal.SIGSTOP)
            stopped |= found
        yield go_on
    finally:
        go_on()


def _send(identity: Identity, number: signal.Signals) -> None:
    if is_alive(identity):
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity.pid, number)


def processes_of(pod: dict[str, Any], proc: Path = PROC) -> PodProcesses:
    """Return what runs in a pod.

    Args:
        pod: body of the API.
        proc: where the kernel tells of processes.
    """
    names = _running_containers(pod)
    found = dict(_members(pod["metadata"]["uid"], proc))
    work = frozenset(who for who, path in found.items() if any(name in path for name in names))
    return PodProcesses(work, frozenset(found) - work)


def group_in_pod(text: str, uid: str) -> str | None:
    """Return the group of a process that is in a pod's, or None.

    Args:
        text: content of `/proc/<pid>/cgroup`, of cgroup v1 or v2.
        uid: of the pod; the systemd driver writes it with underscores.
    """
    names = "|".join(re.escape(name) for name in (uid, uid.replace("-", "_")))
    pod = re.compile(rf"[/-]pod(?:{names})(?:\.slice)?(?:/|$)")
    paths = (line.split(":", 2)[-1] for line in text.splitlines())
    return next((path for path in paths if pod.search(path)), None)


def _running_containers(pod: dict[str, Any]) -> list[str]:
    """Return the ids of the containers that run, as their groups are named."""
    statuses: list[dict[str, Any]] = pod["status"].get("containerStatuses", [])
    running = [item for item in statuses if "running" in item.get("state", {})]
    return [item["containerID"].rpartition("/")[2] for item in running]


def _members(uid: str, proc: Path) -> Iterator[tuple[Identity, str]]:
    """Yield the processes in a pod's group, with the path of their own."""
    for folder in proc.glob("[0-9]*"):
        # In this order a number that goes to another process meanwhile names the one that ended.
        identity = identify(int(folder.name))
        with contextlib.suppress(OSError):
            path = group_in_pod((folder / "cgroup").read_text(), uid)
            if identity and path:
                yield identity, path
