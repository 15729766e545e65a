import os
from pathlib import Path

import pytest

from trimtab_stages.runtime.cpu_limit import usable_cpus

AVAILABLE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param({"cpu.max": "100000 100000\n"}, 1, id="v2-one"),
        pytest.param({"cpu.max": "20000 100000\n"}, 1, id="v2-a-fifth"),
        pytest.param({"cpu.max": "max 100000\n"}, AVAILABLE, id="v2-unlimited"),
        pytest.param({"cpu.max": "100000000 100000\n"}, AVAILABLE, id="v2-more-than-there-are"),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1, id="v1"
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            AVAILABLE,
            id="v1-unlimited",
        ),
        pytest.param({}, AVAILABLE, id="no-cgroup"),
    ],
)
def test_the_containers_limit_counts(tmp_path: Path, files: dict[str, str], cpus: int) -> None:
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert usable_cpus(tmp_path) == cpus
