"""What earlier runs left behind: processes, mounts, control groups, network, state files."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from localcluster import commands, processes
from localcluster.changes import NFT_TABLES, mount_points
from localcluster.progress import say
from localcluster.services import STOP_ORDER
from localcluster.settings import MARK, Settings

_SHIM = "containerd-shim-runc-v2"
_POD_GROUPS = "kubepods"


def end_strays(settings: Settings, programs: Iterable[str] = STOP_ORDER) -> None:
    """End processes of this cluster that no record names.

    They exist if a launcher was killed between starting a process and recording it, or if the
    records were deleted.
    """
    records = (processes.running(settings, name) for name in STOP_ORDER)
    known = {record.identity for record in records if record}
    for identity in marked(settings, set(programs)):
        if identity not in known:
            say("leftover", f"{_program(identity.pid)} (process {identity.pid}): ending it")
            processes.terminate(identity, 10)


def sweep(settings: Settings) -> None:
    """Remove everything that containers left; none of them may be wanted any more."""
    end_strays(settings, [_SHIM])
    _end_containers()
    unmount(settings.containerd_state, settings.kubelet)
    _remove_groups()
    for table in NFT_TABLES:
        commands.attempt(["nft", "delete", "table", *table.split()])
    # The addresses that pods held, and what containerd knew of running containers.
    for folder in (settings.state / "cni", settings.containerd_state):
        shutil.rmtree(folder, ignore_errors=True)


def unmount(*folders: Path) -> None:
    """Unmount everything below some folders, the innermost first."""
    points = mount_points(Path("/proc/self/mountinfo").read_text())
    for point in reversed([point for point in points if below(point, folders)]):
        # Lazily: a process that still holds a file must not keep the mount.
        commands.attempt(["umount", "--lazy", point])


def below(point: str, folders: Iterable[Path]) -> bool:
    """Say whether a path is inside one of the folders."""
    return any(Path(point).is_relative_to(folder) for folder in folders)


def marked(settings: Settings, programs: set[str]) -> list[processes.Identity]:
    """Return the running processes of some programs that carry this cluster's mark."""
    mark = f"{MARK}={settings.state}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            pid = int(entry.name)
            if mark in (entry / "environ").read_bytes().split(b"\0") and _program(pid) in programs:
                found.append(processes.identify(pid))
    return [identity for identity in found if identity]


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
    except OSError:
        return ""


def _pod_groups() -> list[Path]:
    roots = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]
    return [root / _POD_GROUPS for root in roots if (root / _POD_GROUPS).is_dir()]


def _end_containers() -> None:
    # Whatever is in the pods' control groups was started by this cluster's kubelet.
    for group in _pod_groups():
        for members in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                for pid in members.read_text().split():
                    os.kill(int(pid), 9)


def _remove_groups() -> None:
    deadline = time.monotonic() + 5
    while (groups := _pod_groups()) and time.monotonic() < deadline:
        for group in groups:
            # Only empty groups can be removed, so children go before parents.
            for folder in sorted(group.rglob("*/"), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                group.rmdir()
        time.sleep(0.05)
