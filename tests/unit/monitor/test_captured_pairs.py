"""Which captured rows are read, in what portions, on a real store in a directory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from support.counting_store import CountingStore
from trimtab_operator.monitor.captured_pairs import CapturedPairs
from trimtab_operator.monitor.windows import SECOND_NS
from trimtab_stages.contract import layout
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.store import LocalStore

MODEL = "m"
CHAMPION, CHALLENGER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
BOTH = (CHAMPION, CHALLENGER)
T0 = 1_700_000_400
BUCKET = 300
MOST_ROWS = 50


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path)


class Pod:
    """Numbers the captured objects of both versions in one row, as a server process does."""

    def __init__(self, store: LocalStore, name: str = "a") -> None:
        self._store = store
        self._name = name
        self._number = 0

    def write(
        self,
        ids: Sequence[str],
        received: float,
        *,
        event: float | None = None,
        versions: Sequence[str] = BOTH,
    ) -> list[str]:
        told = received if event is None else event
        return [self._write(ids, received, told, version) for version in versions]

    def _write(self, ids: Sequence[str], received: float, event: float, version: str) -> str:
        rows = CapturedRows(
            model=MODEL,
            version=version,
            ids=list(ids),
            event_time_ns=[round(event * SECOND_NS)] * len(ids),
            received_ns=[round(received * SECOND_NS)] * len(ids),
            numeric_columns=[],
            numeric="",
            scores="",
            decisions=[0] * len(ids),
        )
        bucket = int(event) // BUCKET * BUCKET
        key = layout.captured(MODEL, version, bucket, f"{self._name}-1-{self._number:08d}")
        self._number += 1
        self._store.put_if_absent(key, rows.to_bytes())
        return key


def ids(*names: object) -> list[str]:
    return [f"{name}#0" for name in names]


def pairs_of(found: CapturedPairs) -> int:
    champion, challenger = found.pairs()
    assert champion["row"].tolist() == challenger["row"].tolist()
    return len(champion)


def new(most_rows: int = 1000) -> CapturedPairs:
    return CapturedPairs(MODEL, CHAMPION, CHALLENGER, most_rows)


def read_all(store: LocalStore, most_rows: int = 1000) -> CapturedPairs:
    found = new(most_rows)
    found.read(store, lambda: False)
    assert found.is_caught_up
    return found


def test_one_row_of_long_ago_does_not_stand_before_those_that_come_after(
    store: CountingStore,
) -> None:
    # The champion has answered for long before the challenger came.
    pod = Pod(store)
    for number in range(100):
        pod.write(ids(f"old{number}"), T0 + BUCKET * number, versions=[CHAMPION])
    begin = T0 + BUCKET * 100
    pod.write(ids("late"), begin, event=T0)
    for number in range(40):
        pod.write(ids(f"r{number}"), begin + number)
    store.got = 0
    assert pairs_of(read_all(store, MOST_ROWS)) == 41
    assert store.got == 2 * 41 + 1


def test_one_object_that_is_not_readable_hides_no_other(store: CountingStore) -> None:
    pod = Pod(store)
    pod.write(["no row in the id"], T0)
    pod.write(ids("r"), T0 + 1)
    store.put_if_absent(f"{layout.version_captured_prefix(MODEL, CHALLENGER)}x/y.json", b"{}")
    found = read_all(store)
    assert (pairs_of(found), found.faults) == (1, 2)
    found.read(store, lambda: False)
    assert found.faults > 2, "it is tried again"


def spread(store: LocalStore) -> None:
    """Let two pods write two hundred rows whose event times say nothing of their arrival."""
    random = np.random.default_rng(2)
    pods = [Pod(store, "a"), Pod(store, "b")]
    for number in range(100):
        event = T0 + 100_000 + int(random.integers(0, 60)) * BUCKET
        pods[number % 2].write(ids(2 * number, 2 * number + 1), T0 + number, event=event)


def test_a_restart_keeps_the_same_rows_when_there_are_more_than_room(
    store: CountingStore,
) -> None:
    grown = new(MOST_ROWS)
    random = np.random.default_rng(2)
    pods = [Pod(store, "a"), Pod(store, "b")]
    for number in range(100):
        event = T0 + 100_000 + int(random.integers(0, 60)) * BUCKET
        pods[number % 2].write(ids(2 * number, 2 * number + 1), T0 + number, event=event)
        grown.read(store, lambda: False)
    grown_rows, fresh_rows = (
        [table.tobytes() for table in found.pairs()]
        for found in (grown, read_all(store, MOST_ROWS))
    )
    assert pairs_of(grown) == MOST_ROWS
    assert grown_rows == fresh_rows
    assert grown.pairs()[0]["received"].max() == (T0 + MOST_ROWS // 2 - 1) * SECOND_NS


def test_a_look_whose_time_is_over_reads_a_little_and_the_next_goes_on(
    store: CountingStore,
) -> None:
    spread(store)
    found = new(MOST_ROWS)
    looks = 0
    while not found.is_caught_up:
        before = store.got
        found.read(store, lambda: True)
        looks += 1
        assert store.got - before <= 8, "what lies in one bucket"
    assert looks > 50
    assert [table.tobytes() for table in found.pairs()] == [
        table.tobytes() for table in read_all(store, MOST_ROWS).pairs()
    ]


def test_old_keys_are_not_listed_at_every_look(store: CountingStore) -> None:
    pod = Pod(store)
    for number in range(300):
        pod.write(ids(number), T0 + BUCKET * number)
    found = read_all(store)
    store.listed = store.got = 0
    pod.write(ids("new"), T0 + BUCKET * 300)
    found.read(store, lambda: False)
    assert pairs_of(found) == 301
    assert (store.got, store.listed < 40) == (2, True)


def test_what_is_written_late_is_found_in_time(store: CountingStore) -> None:
    pods = [Pod(store, "a"), Pod(store, "b")]
    for number in range(100):
        pods[0].write(ids(number), T0 + BUCKET * number)
    found = read_all(store)
    pods[1].write(ids("late"), T0 + BUCKET * 50)
    for _ in range(14):
        found.read(store, lambda: False)
    assert pairs_of(found) == 101


def test_nothing_is_read_of_what_can_be_kept_no_more(store: CountingStore) -> None:
    pod = Pod(store)
    for number in range(MOST_ROWS):
        pod.write(ids(number), T0 + number)
    hours = 5
    for number in range(hours * 100):
        pod.write(ids(f"x{number}"), T0 + MOST_ROWS + 36 * number)
    store.got = 0
    found = read_all(store, MOST_ROWS)
    assert pairs_of(found) == MOST_ROWS
    assert store.got < 2 * (MOST_ROWS + 120)
