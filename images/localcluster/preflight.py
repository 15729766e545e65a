"""What the machine must offer before anything is built: everything missing is named at once."""

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from localcluster import binaries, commands, packages
from localcluster.progress import LaunchError
from localcluster.settings import Settings, go_architecture

_ELSEWHERE = "Or use a cluster of your own: KUBE_CONTEXT=<name> IMAGE_REGISTRY=<registry>."
_GIB = 2**30
# Sources, Go's build cache and the programs take about 9 GiB; images need room as well.
_DISK_TO_BUILD = 14 * _GIB
_DISK_TO_RUN = 4 * _GIB
_CONTROLLERS = frozenset({"cpu", "memory", "pids"})
_NAMESPACES = ("net", "pid", "mnt", "ipc", "uts")
_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_SYS_CHROOT": 18, "CAP_MKNOD": 27}


def require(settings: Settings) -> None:
    """Check the machine.

    Raises:
        LaunchError: Something is missing; the text names each thing and what to do.
    """
    packages.require_debian()
    require_root()
    problems = [*_platform(), *_capabilities(), *_kernel(), *_disk(settings)]
    if problems:
        listing = "\n".join(f"  - {problem}" for problem in problems)
        raise LaunchError(f"This machine cannot run the embedded cluster:\n{listing}\n{_ELSEWHERE}")


def require_root() -> None:
    """Refuse other users.

    Raises:
        LaunchError: This is not root.
    """
    if os.geteuid() != 0:
        raise LaunchError(f"The embedded cluster needs root: use sudo. {_ELSEWHERE}")


def capabilities_missing(status: str) -> list[str]:
    """Return the needed capabilities that ``/proc/self/status`` does not list."""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    effective = int(lines.get("CapEff", "0").strip(), 16)
    return [name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1]


def controllers_missing(available: Sequence[str]) -> list[str]:
    """Return the needed cgroup controllers that are not among those available."""
    return sorted(_CONTROLLERS - set(available))


def _platform() -> list[str]:
    if platform.system() == "Linux" and go_architecture() in {"amd64", "arm64"}:
        return []
    return [f"Linux on amd64 or arm64 is needed; this is {platform.system()} {platform.machine()}."]


def _capabilities() -> list[str]:
    absent = capabilities_missing(Path("/proc/self/status").read_text())
    if not absent:
        return []
    return [f"root lacks {', '.join(absent)}: is this an unprivileged container? Run outside it."]


def _kernel() -> list[str]:
    problems = []
    load_module("overlay")
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        problems.append("the kernel has no overlay file system (CONFIG_OVERLAY_FS).")
    absent = [name for name in _NAMESPACES if not Path(f"/proc/self/ns/{name}").exists()]
    if absent:
        problems.append(f"the kernel has no namespaces of type {', '.join(absent)}.")
    controllers = controllers_missing(_cgroup_controllers())
    if controllers:
        problems.append(f"cgroup controllers are not mounted: {', '.join(controllers)}.")
    if not Path("/dev/kmsg").exists():
        problems.append("/dev/kmsg is missing; the kubelet reads out-of-memory events from it.")
    return problems


def load_module(name: str) -> None:
    """Load a kernel module if the kernel has it as one; built-in ones need nothing."""
    if shutil.which("modprobe"):
        commands.attempt(["modprobe", "--quiet", name])


def _cgroup_controllers() -> list[str]:
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.exists():
        return unified.read_text().split()
    return [path.name for path in Path("/sys/fs/cgroup").glob("*") if (path / "tasks").exists()]


def _disk(settings: Settings) -> list[str]:
    building = bool(binaries.unbuilt(settings))
    wanted = {settings.cache: _DISK_TO_BUILD if building else 0, settings.state: _DISK_TO_RUN}
    problems = []
    for folder, size in wanted.items():
        free = shutil.disk_usage(_existing(folder)).free
        if free < size:
            problems.append(
                f"{folder} has {free / _GIB:.1f} GiB free and needs {size / _GIB:.0f} GiB; "
                "make room, or choose other folders with TRIMTAB_CACHE= and TRIMTAB_STATE=."
            )
    return problems


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
