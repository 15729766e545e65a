import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from support.objects import ingest_commit
from trimtab_operator.settings import Storage
from trimtab_operator.storage.results import FAILED_SECONDS, Results
from trimtab_operator.storage.stores import Stores
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import Progress, StageName
from trimtab_stages.store import LocalStore

Answer = TypeVar("Answer")


def run(call: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(call)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def results(tmp_path: Path, clock: Clock) -> Results:
    return Results(Stores(Storage(path=tmp_path)), ThreadPoolExecutor(2), clock)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    (tmp_path / "trimtab-ns").mkdir()
    return LocalStore(tmp_path / "trimtab-ns")


def test_a_commit_is_seen_as_soon_as_it_is_there(results: Results, store: LocalStore) -> None:
    assert run(results.ingest_commit("ns", "d", "i")) is None
    commit = ingest_commit("d", "i")
    store.put_if_absent(layout.ingest_commit("d", "i"), commit.to_bytes())
    assert run(results.ingest_commit("ns", "d", "i")) == commit


def test_a_commit_is_read_once(results: Results, store: LocalStore) -> None:
    key = layout.ingest_commit("d", "i")
    store.put_if_absent(key, ingest_commit("d", "i").to_bytes())
    first = run(results.ingest_commit("ns", "d", "i"))
    store.delete(key)
    assert run(results.ingest_commit("ns", "d", "i")) is first


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"schemaVersion": 99}', id="a newer format"),
        pytest.param(b'{"id": 1}', id="another format"),
        pytest.param(b"\xff{", id="no JSON at all"),
    ],
)
def test_an_unreadable_commit_counts_as_absent(
    results: Results, store: LocalStore, data: bytes
) -> None:
    store.put_if_absent(layout.ingest_commit("d", "i"), data)
    assert run(results.ingest_commit("ns", "d", "i")) is None


def test_a_missing_bucket_is_named_and_asked_for_again_later(
    results: Results, clock: Clock, tmp_path: Path
) -> None:
    view = run(results.view("ns"))
    assert (view.reachable, view.reason) == (False, "BucketMissing")
    assert "trimtab-ns" in view.message
    (tmp_path / "trimtab-ns").mkdir()
    assert not run(results.view("ns")).reachable
    clock.now = FAILED_SECONDS + 1
    assert run(results.view("ns")).reachable


def test_one_namespace_does_not_answer_for_another(results: Results, store: LocalStore) -> None:
    assert store.location
    assert not run(results.view("other")).reachable
    assert run(results.view("ns")).reachable


def report(store: LocalStore, attempt: str, count: int) -> None:
    progress = Progress(stage=StageName.TRAIN, done=count, of=20)
    store.put_if_absent(layout.progress("r", attempt, count), progress.to_bytes())


def test_progress_is_that_of_the_newest_attempt(results: Results, store: LocalStore) -> None:
    assert run(results.progress("ns", "r")) is None
    for attempt, count in (("2", 9), ("10", 1), ("10", 3)):
        report(store, attempt, count)
    store.put_if_absent(layout.attempt_started("r", "11"), b"{}")
    found = run(results.progress("ns", "r"))
    assert found is not None
    assert found.done == 3
