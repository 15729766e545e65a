"""Labels of a long past are read in portions, on a real store in a directory."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trimtab_operator.monitor.rollout_labels import MOST_BUFFERED, Joined, RolloutLabels
from trimtab_operator.monitor.rollout_rows import DECIDED, Table, decided_of, empty
from trimtab_operator.monitor.windows import SECOND_NS, nanoseconds
from trimtab_stages.contract import layout
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.store import LocalStore, StoreUnreachable

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = SINCE + timedelta(days=9)
INDEX = {"calm": 0, "busy": 1}
MOST_EARLY = 7


class AwayStore(LocalStore):
    """Does not answer after some reads, until it is back."""

    left = 1 << 30

    def get(self, key: str) -> bytes:
        if self.left == 0:
            raise StoreUnreachable("s3", "no answer")
        self.left -= 1
        return super().get(key)


@pytest.fixture
def store(tmp_path: Path) -> AwayStore:
    return AwayStore(tmp_path)


def write(store: LocalStore, number: int, received: datetime, *labels: tuple[str, str]) -> None:
    batch = FeedbackBatch(
        model="m",
        received_ns=nanoseconds(received),
        labels=[Label(id=name, label=label) for name, label in labels],
    )
    key = layout.feedback("m", f"{received:%Y-%m-%d}", f"pod-1-{number:08d}")
    store.put_if_absent(key, batch.to_bytes())


def write_days(store: LocalStore) -> None:
    """Write five labels of one row each, every day; the last of each day is of row `r`."""
    for number in range(45):
        received = SINCE + timedelta(hours=24 * number / 5)
        name = "r" if number % 5 == 4 else f"x{number}"
        write(store, number, received, (name, "busy" if number < 40 else "calm"))


def rows(*names: str) -> Table:
    if not names:
        return empty(DECIDED)
    return decided_of(
        CapturedRows(
            model="m",
            version=f"sha256:{'a' * 64}",
            ids=[f"{name}#0" for name in names],
            event_time_ns=[0] * len(names),
            received_ns=[0] * len(names),
            numeric_columns=[],
            numeric="",
            scores="",
            decisions=[0] * len(names),
        )
    )


def joined(pairs: Table, settled: datetime = NOW, now: datetime = NOW) -> Joined:
    return Joined(INDEX, pairs, nanoseconds(settled), nanoseconds(now))


def read_all(store: LocalStore, pairs: Table) -> RolloutLabels:
    found = RolloutLabels("m", SINCE, MOST_EARLY)
    found.read(store, joined(pairs), lambda: False)
    assert found.is_caught_up
    return found


def test_labels_are_read_in_portions_and_few_are_held(store: AwayStore) -> None:
    write_days(store)
    pairs = rows("r")
    found, looks = RolloutLabels("m", SINCE, MOST_EARLY), 0
    while not found.is_caught_up:
        found.read(store, joined(pairs), lambda: True)
        looks += 1
        assert found.held <= MOST_EARLY + len(pairs)
    assert looks >= 45
    assert found.settled.tobytes() == read_all(store, pairs).settled.tobytes()
    told = found.settled[["first", "last", "truth"]].tolist()
    assert len(told) == MOST_EARLY + 1
    first, last = (SINCE + timedelta(hours=24 * number / 5) for number in (4, 44))
    assert (nanoseconds(first), nanoseconds(last), 0) in told


@pytest.mark.parametrize("reads", [0, 1, 17, 44])
def test_nothing_is_lost_when_the_store_goes_away_in_between(store: AwayStore, reads: int) -> None:
    write_days(store)
    pairs = rows("r", "x3")
    expected = read_all(store, pairs).settled.tobytes()
    found = RolloutLabels("m", SINCE, MOST_EARLY)
    store.left = reads
    for _ in range(2):
        with pytest.raises(StoreUnreachable):
            found.read(store, joined(pairs), lambda: False)
    assert not found.is_caught_up
    store.left = 1 << 30
    found.read(store, joined(pairs), lambda: False)
    assert found.settled.tobytes() == expected


@pytest.mark.parametrize(
    ("received", "counts"),
    [
        pytest.param(-20, True, id="settled"),
        pytest.param(-5, False, id="its rows may not be written yet"),
        pytest.param(100, False, id="a clock that is a little ahead"),
        pytest.param(7200, True, id="a clock that is far ahead is not waited for"),
    ],
)
def test_labels_wait_until_their_rows_are_written(
    store: AwayStore, received: int, *, counts: bool
) -> None:
    write(store, 0, NOW + timedelta(seconds=received), ("r", "calm"))
    settled = NOW - timedelta(seconds=10)
    found = RolloutLabels("m", SINCE, MOST_EARLY)
    found.read(store, joined(rows("r"), settled), lambda: False)
    assert (len(found.settled), found.held) == (counts, 1)
    later = NOW + timedelta(seconds=1000)
    found.read(store, joined(rows("r"), later, later), lambda: False)
    assert len(found.settled) == 1


def test_a_batch_that_is_not_readable_hides_no_other(store: AwayStore) -> None:
    store.put_if_absent(layout.feedback("m", "2026-01-01", "pod-1-00000000"), b"?")
    write(store, 1, SINCE, ("r", "calm"))
    assert len(read_all(store, rows("r")).settled) == 1


def test_many_labels_are_sorted_in_before_all_are_read(store: AwayStore) -> None:
    names = [(f"x{number}", "calm") for number in range(MOST_BUFFERED)]
    write(store, 0, SINCE, *names)
    write(store, 1, SINCE + timedelta(seconds=1), ("r", "calm"))
    store.left = 1
    found = RolloutLabels("m", SINCE, MOST_EARLY)
    with pytest.raises(StoreUnreachable):
        found.read(store, joined(rows("r")), lambda: False)
    assert found.held == MOST_EARLY
    assert found.settled["last"].max() < nanoseconds(SINCE) + SECOND_NS


def test_a_batch_counts_that_was_begun_the_day_before_the_challenger(store: AwayStore) -> None:
    write(store, 0, SINCE - timedelta(seconds=3), ("r", "busy"))
    assert len(read_all(store, rows("r")).settled) == 1
