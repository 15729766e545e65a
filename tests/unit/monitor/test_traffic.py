"""What is remembered of a bucket in which nothing is readable, so that no window ever closes."""

from pathlib import Path

from trimtab_operator.monitor.traffic import Traffic
from trimtab_operator.monitor.windows import SECOND_NS, Grid
from trimtab_stages.contract import layout
from trimtab_stages.store import LocalStore

DAY, BEGIN_NS = "2026-01-01", 1_767_225_600 * SECOND_NS


def test_objects_that_are_not_readable_are_remembered_up_to_a_bound(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    seen = Traffic("m", Grid(0, 600, 0), BEGIN_NS, most_unreadable=5)
    keys = [layout.decisions("m", DAY, f"pod-1-{number:08d}") for number in range(12)]
    for first in range(0, 12, 4):
        for key in keys[first : first + 4]:
            store.put_if_absent(key, b"?")
        seen.read(store, store.get, BEGIN_NS, everything=True)
    assert list(seen.unreadable) == keys[-5:]
