"""What is listed again and what is not, on a real store in a directory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.counting_store import CountingStore
from trimtab_operator.monitor.feed import FEW, LATE_NS, MOST_WAITING, Feed, skip_older
from trimtab_operator.monitor.windows import SECOND_NS
from trimtab_stages.store import Entry, LocalStore

PREFIX = "serving/m/decisions/"
NOW_NS = 1 << 60
"""A day on which nothing was written, long before."""
TODAY_NS = int(datetime(2026, 1, 2, tzinfo=UTC).timestamp()) * SECOND_NS


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path)


def write(store: LocalStore, day: str, process: str, *numbers: int) -> list[str]:
    keys = [f"{PREFIX}{day}/{process}-{number:08d}.bin" for number in numbers]
    for key in keys:
        store.put_if_absent(key, b"x")
    return keys


def test_every_key_comes_once_whoever_writes_it(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    first = write(store, "2026-01-01", "a-1", 0, 1) + write(store, "2026-01-01", "c-1", 0)
    assert list(feed.read_all(store)) == first
    new = write(store, "2026-01-01", "a-1", 2)
    assert list(feed.read_known(store, NOW_NS)) == new
    between = write(store, "2026-01-01", "b-1", 0, 1)
    assert list(feed.read_known(store, NOW_NS)) == []
    later = write(store, "2026-01-01", "c-1", 1) + write(store, "2026-01-02", "a-1", 3)
    assert list(feed.read_all(store)) == between + later
    assert list(feed.read_all(store)) == []


def test_a_process_that_is_known_is_found_on_a_new_day(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    old = write(store, "2026-01-01", "a-1", 0) + write(store, "2026-01-01", "b-1", 0)
    assert list(feed.read_all(store)) == old
    late = write(store, "2026-01-01", "a-1", 1)
    new = write(store, "2026-01-02", "a-1", 2)
    unknown = write(store, "2026-01-02", "c-1", 0)
    assert list(feed.read_known(store, TODAY_NS)) == late + new
    other = write(store, "2026-01-02", "b-1", 1) + write(store, "2026-01-02", "a-1", 3)
    assert sorted(feed.read_known(store, TODAY_NS + 1)) == sorted(other)
    assert list(feed.read_all(store)) == unknown


@pytest.mark.parametrize(
    ("day", "later_ns", "listings"),
    [
        pytest.param("2026-01-02", 0, 1, id="who has begun the day"),
        pytest.param("2026-01-01", 0, 2, id="at midnight"),
        pytest.param("2026-01-01", LATE_NS + 10, 1, id="a while after midnight"),
        pytest.param("2025-12-31", 0, 2, id="at midnight, silent for a day"),
        pytest.param("2026-01-03", 0, 1, id="whose clock is ahead"),
    ],
)
def test_a_new_day_costs_a_second_listing_for_a_while(
    store: CountingStore, day: str, later_ns: int, listings: int
) -> None:
    feed = Feed(PREFIX, "2025-12-31")
    write(store, day, "a-1", 0)
    assert len(list(feed.read_all(store))) == 1
    assert list(feed.read_known(store, TODAY_NS + later_ns, 10)) == []
    store.listings = 0
    assert list(feed.read_known(store, TODAY_NS + later_ns + 4, 10)) == []
    assert store.listings == listings


def test_what_is_flushed_over_midnight_leaves_no_hole(tmp_path: Path) -> None:
    class FillingStore(LocalStore):
        """Once something is listed, the next two objects follow, one of each day."""

        def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
            """Yield a listing's entries, as they were when it began."""
            entries = [*super().list(prefix, start_after)]
            write(self, "2026-01-01", "a-1", 1)
            write(self, "2026-01-02", "a-1", 2)
            return iter(entries)

    store, filling, feed = LocalStore(tmp_path), FillingStore(tmp_path), Feed(PREFIX, "2026-01-01")
    first = write(store, "2026-01-01", "a-1", 0)
    assert list(feed.read_all(store)) == first
    found = [[key[-12:] for key in feed.read_known(filling, TODAY_NS)] for _ in range(2)]
    assert found == [["00000001.bin"], ["00000002.bin"]]


@pytest.mark.parametrize(
    ("now_ns", "numbers", "is_listed"),
    [
        pytest.param(109, [0], False, id="it can have written nothing since"),
        pytest.param(110, [0], True, id="its next flush is due"),
        pytest.param(109, [0, 2], True, id="a number is missing"),
        pytest.param(700, [0], True, id="it has rested"),
    ],
)
def test_a_process_is_left_alone_until_its_next_flush(
    store: CountingStore, now_ns: int, numbers: list[int], *, is_listed: bool
) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    write(store, "2026-01-01", "a-1", *numbers)
    for key in feed.read_all(store):
        feed.hear(key, 100)
    new = write(store, "2026-01-01", "a-1", 1)
    assert list(feed.read_known(store, now_ns, 10)) == (new if is_listed else [])
    assert list(feed.read_all(store)) == ([] if is_listed else new)


def test_a_process_that_rests_is_asked_twice_a_flush(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    for key in [*write(store, "2026-01-01", "a-1", 0), *feed.read_all(store)]:
        feed.hear(key, 100)
    found = []
    for now_ns in range(700, 710):
        write(store, "2026-01-01", "a-1", now_ns - 699)
        found += [len(list(feed.read_known(store, now_ns, 10)))]
    assert found == [1, 0, 0, 0, 4, 0, 0, 0, 4, 0]


def test_of_a_process_only_the_newest_day_is_listed_without_a_cause(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    write(store, "2026-01-01", "a-1", 0)
    write(store, "2026-01-02", "a-1", 1)
    assert len(list(feed.read_all(store))) == 2
    late, new = write(store, "2026-01-01", "a-1", 2), write(store, "2026-01-02", "a-1", 3)
    assert list(feed.read_known(store, NOW_NS)) == new
    assert list(feed.read_all(store)) == late


def test_old_keys_are_not_listed_again(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    for process in ("a-1", "b-1", "c-1"):
        write(store, "2026-01-01", process, *range(50))
    assert len(list(feed.read_all(store))) == 150
    store.listed = 0
    assert list(feed.read_known(store, NOW_NS)) == []
    assert store.listed == 0
    assert list(feed.read_all(store)) == []
    assert store.listed <= 3


def test_a_number_that_arrives_late_is_found(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    write(store, "2026-01-01", "a-1", 1, 2, 4)
    assert len(list(feed.read_all(store))) == 3
    late = write(store, "2026-01-01", "a-1", 0, 3)
    assert list(feed.read_known(store, NOW_NS)) == late


def test_a_lost_number_is_not_waited_for_for_ever(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    write(store, "2026-01-01", "a-1", 0, *range(2, MOST_WAITING + 3))
    assert len(list(feed.read_all(store))) == MOST_WAITING + 2
    store.listed = 0
    assert list(feed.read_known(store, NOW_NS)) == []
    assert store.listed == 0


def test_days_that_are_done_are_left_out(store: CountingStore) -> None:
    write(store, "2026-01-01", "a-1", 0)
    wanted = write(store, "2026-01-02", "a-1", 1)
    feed = Feed(PREFIX, "2026-01-02")
    assert list(feed.read_all(store)) == wanted
    feed.skip_to("2026-01-03")
    write(store, "2026-01-02", "a-1", 2)
    assert list(feed.read_known(store, NOW_NS)) == []
    assert list(feed.read_all(store)) == []


def test_days_can_be_read_one_after_the_other(store: CountingStore) -> None:
    days = ["2026-01-01", "2026-01-02", "2026-01-03"]
    keys = [write(store, day, process, 0, 1) for day in days for process in ("a-1", "b-1")]
    feed = Feed(PREFIX, days[0])
    assert list(feed.read_all(store, days[0])) == keys[0] + keys[1]
    assert list(feed.read_all(store, days[1])) == keys[2] + keys[3]
    assert list(feed.read_all(store)) == keys[4] + keys[5]


def test_objects_of_other_names_are_passed_over(store: CountingStore) -> None:
    store.put_if_absent(f"{PREFIX}2026-01-01/readme.txt", b"x")
    wanted = write(store, "2026-01-01", "z-1", 0)
    assert list(Feed(PREFIX, "2026-01-01").read_all(store)) == wanted


@pytest.mark.parametrize("floor", [0, 1, 250, 499, 500, 10_000])
def test_what_is_older_than_a_floor_is_left_out_after_a_few_looks(floor: int) -> None:
    keys = [f"{PREFIX}2026-01-01/a-1-{number:08d}.bin" for number in range(500)]
    keys += [f"{PREFIX}2026-01-01/b-1-{number:08d}.bin" for number in range(5)]
    looks = []

    def arrival_of(key: str) -> int:
        looks.append(key)
        return int(key[-12:-4])

    found = list(skip_older(keys, arrival_of, floor))
    assert [key for key in keys if int(key[-12:-4]) >= floor or "b-1" in key] == [
        key for key in found if int(key[-12:-4]) >= floor or "b-1" in key
    ]
    assert len(found) <= max(500 - floor, 0) + FEW + 5
    assert len(looks) < 12


def test_processes_of_days_that_are_over_are_forgotten(store: CountingStore) -> None:
    feed = Feed(PREFIX, "2026-01-01")
    for day in range(1, 6):
        write(store, f"2026-01-0{day}", f"pod-{day}", 0, 1)
        write(store, f"2026-01-0{day}", "lasting-1", 2 * day, 2 * day + 1)
        assert len(list(feed.read_all(store))) == 4
        feed.skip_to(f"2026-01-0{day}")
        assert feed.known == {f"pod-{day}", "lasting-1"}
