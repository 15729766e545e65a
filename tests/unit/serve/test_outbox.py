"""Objects on their way into the store: bounded, retried, in order."""

import threading
from pathlib import Path

import pytest

from support.waiting import wait_until
from trimtab_stages.serve.observe.outbox import KINDS, Outbox, Outgoing, is_refused
from trimtab_stages.store import (
    AccessDenied,
    ArtifactConflict,
    BucketMissing,
    InvalidKey,
    LocalStore,
    StoreError,
    StoreFailure,
    StoreUnreachable,
)
from trimtab_stages.store.protocol import Outcome

MEBIBYTE = 1 << 20


def outbox(tmp_path: Path, most_bytes: int = MEBIBYTE) -> Outbox:
    return Outbox(lambda: LocalStore(tmp_path), most_bytes)


def test_objects_without_room_are_dropped_and_counted(tmp_path: Path) -> None:
    box = outbox(tmp_path, most_bytes=10)

    assert box.offer(Outgoing("pane", "a", lambda: b"1", 10))
    assert not box.offer(Outgoing("pane", "b", lambda: b"2", 1))
    assert box.dropped == {"pane": 1}


def test_a_store_that_comes_back_gets_everything(tmp_path: Path) -> None:
    root = tmp_path / "later"
    box = Outbox(lambda: LocalStore(root), MEBIBYTE)
    tried = threading.Event()

    def encode() -> bytes:
        tried.set()
        return b"1"

    box.offer(Outgoing("pane", "a", encode, 1))
    box.start()
    assert tried.wait(10)
    root.mkdir()
    wait_until(lambda: box.written["pane"] == 1, 10)
    box.close(10.0)

    assert LocalStore(root).get("a") == b"1"


def test_an_object_that_cannot_be_encoded_costs_only_itself(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.offer(Outgoing("captured", "a", lambda: bytes(-1), 1))
    box.offer(Outgoing("captured", "b", lambda: b"1", 1))
    box.start()
    box.close(10.0)

    assert box.dropped == {"captured": 1}
    assert box.written == {"captured": 1}


def test_a_fault_that_nobody_foresaw_costs_only_one_object(tmp_path: Path) -> None:
    stores = [LocalStore(tmp_path)]
    box = Outbox(stores.pop, MEBIBYTE)
    box.offer(Outgoing("pane", "a", lambda: b"1", 1))
    box.offer(Outgoing("pane", "b", lambda: b"1", 1))
    box.start()
    wait_until(lambda: box.dropped["pane"] == 1, 10)
    stores.append(LocalStore(tmp_path))
    box.offer(Outgoing("pane", "c", lambda: b"1", 1))
    box.close(10.0)

    assert (box.written["pane"], box.dropped["pane"]) == (2, 1)


class PartlyAway(LocalStore):
    """Takes all objects but some, until it is back.

    Attributes:
        away: keys that it does not take.
        taken: keys in the order in which they became visible.
        refused: set when one was not taken.
    """

    def __init__(self, root: Path, *away: str) -> None:
        super().__init__(root)
        self.away = frozenset(away)
        self.taken: list[str] = []
        self.refused = threading.Event()

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        if key in self.away:
            self.refused.set()
            raise StoreUnreachable(self.location, f"{key} is not taken now")
        found = super().put_if_absent(key, data)
        self.taken.append(key)
        return found

    def come_back(self) -> None:
        self.away = frozenset()


def offered(box: Outbox, *kinds: str) -> list[str]:
    """Offer an object of each kind; return their keys."""
    keys = [f"{kind}/{number}" for number, kind in enumerate(kinds)]
    for kind, key in zip(kinds, keys, strict=True):
        assert box.offer(Outgoing(kind, key, lambda: b"1", 1))
    return keys


@pytest.mark.parametrize("away", range(4))
def test_no_object_overtakes_one_that_the_store_does_not_take_yet(
    tmp_path: Path, away: int
) -> None:
    kinds = ("pane", "pane", "decisions", "feedback", "pane", "decisions")
    keys = [f"{kind}/{number}" for number, kind in enumerate(kinds)]
    store = PartlyAway(tmp_path, keys[away])
    box = Outbox(lambda: store, MEBIBYTE)
    offered(box, *kinds)
    box.start()
    assert store.refused.wait(10)
    assert store.taken == keys[:away]
    store.come_back()
    wait_until(lambda: box.written.total() == len(kinds), 10)
    box.close(10.0)

    assert store.taken == keys


def test_an_object_that_no_store_takes_holds_nothing_back(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.offer(Outgoing("pane", "../a", lambda: b"1", 1))
    box.offer(Outgoing("pane", "b", lambda: b"1", 1))
    box.start()
    box.close(10.0)

    assert (box.written, box.dropped) == ({"pane": 1}, {"pane": 1})


@pytest.mark.parametrize(
    ("error", "refusals", "refused"),
    [
        pytest.param(StoreUnreachable("s3", "away"), 0, False, id="the store is away"),
        pytest.param(BucketMissing("b", "s3"), 0, False, id="the bucket is missing"),
        pytest.param(AccessDenied("put", "a"), 0, False, id="a policy is wrong"),
        pytest.param(StoreFailure("put", "a", "413"), 7, False, id="an unknown cause, at first"),
        pytest.param(StoreFailure("put", "a", "413"), 8, True, id="an unknown cause, again"),
        pytest.param(InvalidKey("../a", "climbs"), 0, True, id="a key that cannot be"),
        pytest.param(
            ArtifactConflict("a", offered="1", present="2"), 0, True, id="other bytes are there"
        ),
    ],
)
def test_which_objects_are_given_up(error: StoreError, refusals: int, *, refused: bool) -> None:
    assert is_refused(error, refusals) is refused


def test_captured_rows_and_the_rest_do_not_wait_for_each_other(tmp_path: Path) -> None:
    store = PartlyAway(tmp_path, "captured/0")
    box = Outbox(lambda: store, MEBIBYTE)
    keys = offered(box, "captured", "captured", "pane", "decisions")
    box.start()
    wait_until(lambda: box.written.total() == 2, 10)
    store.come_back()
    wait_until(lambda: box.written.total() == 4, 10)
    box.close(10.0)

    assert store.taken == [*keys[2:], *keys[:2]]


def test_what_waits_at_the_end_is_dropped_and_settled(tmp_path: Path) -> None:
    settled: list[int] = []
    store = PartlyAway(tmp_path, *(f"{kind}/{number}" for number, kind in enumerate(KINDS)))
    box = Outbox(lambda: store, MEBIBYTE, settled.append)
    for number, kind in enumerate(KINDS):
        box.offer(Outgoing(kind, f"{kind}/{number}", lambda: b"1", 1, rows=number))
    box.start()
    assert store.refused.wait(10)
    box.close(0.0)
    wait_until(lambda: box.dropped.total() == len(KINDS), 10)

    assert box.dropped == dict.fromkeys(KINDS, 1)
    assert sum(settled) == sum(range(len(KINDS)))
