"""What earlier runs left behind: processes, mounts, control groups, network, state files."""

import contextlib
import os
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path

from localcluster import commands, processes
from localcluster.changes import NFT_TABLES, mount_points
from localcluster.progress import LaunchError, say
from localcluster.services import STOP_ORDER
from localcluster.settings import CNI_NETWORK, MARK, Settings

_SHIM = "containerd-shim-runc-v2"
# The network library's fixed place for what its plugins answered.
_CNI_RESULTS = Path("/var/lib/cni/results")
# The kubelet's own groups, the innermost first; they go only if no other kubelet uses them.
_KUBELET_GROUPS = ("kubepods/burstable", "kubepods/besteffort", "kubepods")


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
    # Another kubelet's pods have groups at the same place: only this one's are touched.
    pods = {f"pod{path.name}" for path in (settings.kubelet / "pods").glob("*")}
    _end_members(pods)
    unmount(settings.containerd_state, settings.kubelet)
    _remove_groups(pods)
    for table in NFT_TABLES:
        commands.attempt(["nft", "delete", "table", *table.split()])
    # The addresses that pods held, and what containerd knew of running containers.
    for folder in (settings.state / "cni", settings.containerd_state):
        shutil.rmtree(folder, ignore_errors=True)
    for result in _CNI_RESULTS.glob(f"{CNI_NETWORK}-*"):
        result.unlink()


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


def _hierarchies() -> list[Path]:
    root = Path("/sys/fs/cgroup")
    return [path for path in (root, *root.glob("*")) if (path / "kubepods").is_dir()]


def _groups(pods: set[str]) -> list[Path]:
    roots = [root / "kubepods" for root in _hierarchies()]
    found = [folder for root in roots for folder in root.rglob("pod*/")]
    return [folder for folder in found if folder.name in pods]


def _end_members(pods: set[str]) -> None:
    for group in _groups(pods):
        for members in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                for pid in members.read_text().split():
                    os.kill(int(pid), signal.SIGKILL)


def _remove_groups(pods: set[str]) -> None:
    def removed() -> bool:
        for group in _groups(pods):
            # Only empty groups can be removed, so children go before parents.
            for folder in (*sorted(group.rglob("*/"), reverse=True), group):
                with contextlib.suppress(OSError):
                    folder.rmdir()
        return not _groups(pods)

    # What was killed a moment ago leaves its group a moment later.
    with contextlib.suppress(LaunchError):
        commands.wait_until(removed, "the end of the pods' groups", 5, every=0.05)
    for root in _hierarchies():
        for name in _KUBELET_GROUPS:
            with contextlib.suppress(OSError):
                (root / name).rmdir()
