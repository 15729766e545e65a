"""Whether the kernel has killed a process of this container for memory."""

from pathlib import Path

from trimtab_stages.runtime.cpu_limit import CGROUP_ROOT


def was_out_of_memory(root: Path = CGROUP_ROOT) -> bool:
    """Return True if the container's control group counts a kill for memory.

    A Ray worker that is killed leaves the container's first process alive, so Kubernetes does not
    see it; the counter does.
    """
    files = (root / "memory.events", root / "memory" / "memory.oom_control")
    return any(_kills(file) > 0 for file in files)


def _kills(path: Path) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    words = [line.split() for line in lines]
    return sum(int(pair[1]) for pair in words if len(pair) > 1 and pair[0] == "oom_kill")
