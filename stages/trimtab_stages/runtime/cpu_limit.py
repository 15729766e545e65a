"""How many CPUs this process may use: the container's limit, not the node's count."""

import math
import os
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")


def usable_cpus(root: Path = CGROUP_ROOT) -> int:
    """Return the CPU limit rounded up, at least 1: cgroup v2, else v1, else the affinity mask."""
    available = len(os.sched_getaffinity(0))
    quota = _quota_v2(root) or _quota_v1(root)
    return max(1, min(available, math.ceil(quota))) if quota else available


def _quota_v2(root: Path) -> float | None:
    words = _read(root / "cpu.max").split()
    if len(words) != 2 or words[0] == "max":  # noqa: PLR2004 - the file holds "<quota> <period>"
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(root: Path) -> float | None:
    quota = _read(root / "cpu" / "cpu.cfs_quota_us").strip()
    period = _read(root / "cpu" / "cpu.cfs_period_us").strip()
    if not quota or not period or int(quota) <= 0:
        return None
    return int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
