import numpy as np
import pytest
from numpy.typing import NDArray

from trimtab_operator.monitor.ledger import Ledger
from trimtab_operator.monitor.sightings import see_block, see_labels
from trimtab_operator.monitor.silence import MOST_OVERDUE_NS
from trimtab_operator.monitor.windows import AHEAD_NS, MOST_AHEAD_NS, Grid

GRID = Grid(anchor=0, length=100, lateness=0)
OLD, NEW, OTHER = b"old-----", b"new-----", b"other---"
SECOND = 10**9
FAR = 10**6 * SECOND
"""Arrivals: far behind all event times."""

OF_PROCESSES = [
    ("a-1-0", NEW, [10.0], 1.0),
    ("b-1-0", NEW, [20.0], 5.0),
    ("c-1-0", NEW, [100.0], 6.0),
]


def of(version: bytes, rows: int = 1) -> NDArray[np.uint64]:
    """Return the versions of rows as a block of records has them."""
    return np.frombuffer(version * rows, "<u8")


def ledger_of(*blocks: tuple[str, bytes, list[float], float], floor: float = 0) -> Ledger:
    """Take blocks (key, version, event seconds, arrival seconds after FAR)."""
    ledger = Ledger(round(FAR + floor * SECOND))
    for key, version, events, arrival in blocks:
        event_ns = (np.array(events) * SECOND).astype(np.int64)
        received_ns = np.full(len(events), round(FAR + arrival * SECOND))
        ledger.add_block(see_block(GRID, key, of(version, len(events)), event_ns, received_ns))
    return ledger


def closed(
    ledger: Ledger, first: int | None = None, settled: float = 1000
) -> tuple[int, bytes, tuple[str, ...]] | None:
    window = ledger.next_closed(first, [NEW, OLD], round(FAR + settled * SECOND))
    return None if window is None else (window.number, window.version, window.blocks)


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        pytest.param([], None, id="no traffic"),
        pytest.param([("a", NEW, [10, 20], 1)], None, id="end not reached"),
        pytest.param(
            [("a", NEW, [10], 1), ("b", NEW, [100], 2)], (0, NEW, ("a",)), id="end reached"
        ),
        pytest.param([("a", NEW, [10, 100], 1)], (0, NEW, ("a",)), id="one block in two windows"),
        pytest.param(
            [("a", NEW, [10], 1), ("b", NEW, [100], 2), ("c", NEW, [50], 3)],
            (0, NEW, ("a",)),
            id="late rows do not count",
        ),
        pytest.param(
            [("a", NEW, [10], 1), ("b", NEW, [100], 2), ("c", NEW, [50], 2)],
            (0, NEW, ("a", "c")),
            id="rows that came with what closed it count",
        ),
        pytest.param(
            [("a", NEW, [10], 1), ("b", OLD, [20, 30], 1), ("c", NEW, [100], 2)],
            (0, NEW, ("a",)),
            id="the newest version with rows is judged",
        ),
        pytest.param(
            [("a", OLD, [10], 1), ("c", NEW, [100], 2)],
            (0, OLD, ("a",)),
            id="a window before the promotion is the former version's",
        ),
        pytest.param(
            [("a", OTHER, [10], 1), ("b", NEW, [110], 2), ("c", NEW, [210], 3)],
            (1, NEW, ("b",)),
            id="a window of versions that cannot be judged is passed over",
        ),
        pytest.param(
            [("a", NEW, [10], 1), ("b", NEW, [710], 2)], (0, NEW, ("a",)), id="over a gap"
        ),
    ],
)
def test_the_next_closed_window(
    blocks: list[tuple[str, bytes, list[float], float]],
    found: tuple[int, bytes, tuple[str, ...]] | None,
) -> None:
    assert closed(ledger_of(*blocks)) == found


def test_windows_come_in_order_and_empty_ones_are_passed_over() -> None:
    ledger = ledger_of(("a", NEW, [10], 1), ("b", NEW, [310], 2), ("c", NEW, [400], 3))
    assert closed(ledger, first=0) == (0, NEW, ("a",))
    assert closed(ledger, first=1) == (3, NEW, ("b",))
    assert closed(ledger, first=4) is None
    assert ledger.open_from(round(FAR + 2 * SECOND)) == 3
    assert ledger.open_from(round(FAR + 3 * SECOND)) == 4


def test_nothing_is_closed_by_what_may_not_have_been_written_everywhere() -> None:
    ledger = ledger_of(("a", NEW, [10], 1), ("b", NEW, [100], 20))
    assert closed(ledger, settled=19.9) is None
    assert closed(ledger, settled=20) == (0, NEW, ("a",))


@pytest.mark.parametrize(
    ("settled", "closing"),
    [
        pytest.param(0, 2, id="the first of two"),
        pytest.param(1.9, 2, id="just before"),
        pytest.param(2, 7, id="the first is done"),
        pytest.param(7, None, id="both are done"),
    ],
)
def test_when_the_next_window_with_rows_closes(settled: float, closing: float | None) -> None:
    ledger = ledger_of(
        ("a", NEW, [10], 1), ("b", NEW, [110], 2), ("late", NEW, [20], 3), ("c", NEW, [210], 7)
    )
    found = ledger.next_closing(round(FAR + settled * SECOND))
    assert found == (None if closing is None else FAR + closing * SECOND)


def test_an_event_time_ahead_of_its_arrival_closes_nothing() -> None:
    ledger = ledger_of(("a", NEW, [10], 1))
    ahead = np.array([FAR + AHEAD_NS + 2 * SECOND])
    ledger.add_block(see_block(GRID, "b", of(NEW), ahead, np.array([FAR + SECOND])))
    assert closed(ledger) is None
    assert ledger.open_from(2 * FAR) == 0


@pytest.mark.parametrize(
    ("ahead_ns", "believed_at", "is_closed"),
    [
        pytest.param(3600 * SECOND, None, True, id="all clocks an hour ahead"),
        pytest.param(3600 * SECOND, 5, False, id="another one is right"),
        pytest.param(MOST_AHEAD_NS + SECOND, None, False, id="no clock is so wrong"),
    ],
)
def test_where_every_clock_is_ahead_arrivals_close_windows(
    ahead_ns: int, believed_at: int | None, *, is_closed: bool
) -> None:
    ledger = ledger_of()
    if believed_at is not None:
        ledger = ledger_of(("old", NEW, [10], believed_at))
    hour = 3600 * SECOND
    for key, arrival in (("a", FAR + SECOND), ("b", FAR + 2 * hour)):
        event = np.array([arrival + ahead_ns])
        ledger.add_block(see_block(GRID, key, of(NEW), event, np.array([arrival])))
    number = (FAR + SECOND + ahead_ns) // (100 * SECOND)
    found = ledger.next_closed(number, [NEW], FAR + 3 * hour)
    assert (found is not None and found.number == number) is is_closed


def test_labels_close_windows_by_when_they_became_true_and_not_by_arrival() -> None:
    ledger = ledger_of(("a", NEW, [10], 1))
    ledger.add_labels(see_labels(GRID, "l1", FAR + 2 * SECOND, np.array([], np.int64)))
    assert closed(ledger) is None
    ledger.add_labels(see_labels(GRID, "l2", FAR + 3 * SECOND, np.array([150 * SECOND])))
    ledger.add_labels(see_labels(GRID, "l0", FAR + 3 * SECOND, np.array([], np.int64)))
    ledger.add_labels(see_labels(GRID, "l9", FAR + 4 * SECOND, np.array([], np.int64)))
    window = ledger.next_closed(None, [NEW], FAR + 1000 * SECOND)
    assert window is not None
    assert window.labels == ("l1", "l0", "l2"), "in order of arrival; later ones do not count"


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_objects_are_seen_changes_nothing(seed: int) -> None:
    blocks = [(f"k{n}", NEW if n % 3 else OLD, [n * 17.0, n * 17.0 + 40], n) for n in range(30)]
    shuffled = [blocks[place] for place in np.random.default_rng(seed).permutation(30)]
    expected = [closed(ledger_of(*blocks), first) for first in range(6)]
    assert [closed(ledger_of(*shuffled), first) for first in range(6)] == expected


def test_what_arrived_before_the_floor_is_forgotten() -> None:
    whole = ledger_of(*OF_PROCESSES)
    whole.raise_floor(round(FAR + 5 * SECOND))
    anew = ledger_of(*OF_PROCESSES, floor=5)
    assert closed(whole) == closed(anew) == (0, NEW, ("b-1-0",))


@pytest.mark.parametrize(
    ("floor", "closing", "newest"),
    [
        pytest.param(0, 9, {"a-1": 1, "b-1": 5, "c-1": 8}, id="all"),
        pytest.param(0, 5, {"a-1": 1, "b-1": 5}, id="what came later does not matter"),
        pytest.param(0, 7, {"a-1": 1, "b-1": 5, "c-1": 7}, id="in memory at the closing"),
        pytest.param(5.5, 9, {"a-1": 1, "b-1": 5, "c-1": 8}, id="before the floor"),
        pytest.param(MOST_OVERDUE_NS / SECOND + 2, 9e9, {"b-1": 5, "c-1": 8}, id="long ago"),
    ],
)
def test_when_processes_wrote_last(floor: float, closing: float, newest: dict[str, float]) -> None:
    ledger = ledger_of(*OF_PROCESSES)
    received_ns = np.array([FAR + 6 * SECOND, FAR + 8 * SECOND])
    events = np.array([100 * SECOND, 101 * SECOND])
    ledger.add_block(see_block(GRID, "c-1-1", of(NEW, 2), events, received_ns))
    ledger.raise_floor(round(FAR + floor * SECOND))
    found = ledger.newest_arrivals(round(FAR + closing * SECOND))
    assert found == {process: FAR + at * SECOND for process, at in newest.items()}


def test_a_batch_of_labels_closes_a_window_when_its_last_label_has_arrived() -> None:
    ledger = ledger_of(("b1", NEW, [10], 1), ("b2", NEW, [20], 4))
    event_ns = np.array([150 * SECOND])
    complete_ns = FAR + 5 * SECOND
    ledger.add_labels(see_labels(GRID, "l", FAR + 2 * SECOND, event_ns, complete_ns=complete_ns))
    assert closed(ledger) == (0, NEW, ("b1", "b2"))
