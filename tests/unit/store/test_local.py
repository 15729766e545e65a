import threading
from pathlib import Path

import pytest

from support.store_contract import CONTRACT, Case
from trimtab_stages.store import (
    ArtifactConflict,
    BucketMissing,
    LocalStore,
    StoreFailure,
    Written,
)

WRITERS = 8


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    root = tmp_path / "store"
    root.mkdir()
    return LocalStore(root)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("case", CONTRACT, ids=lambda case: case.__name__)
def test_contract(case: Case, store: LocalStore, scratch: Path) -> None:
    case(store, scratch)


def test_one_of_many_concurrent_writers_wins(store: LocalStore) -> None:
    together = threading.Barrier(WRITERS)
    outcomes: list[object] = []

    def write(number: int) -> None:
        together.wait()
        try:
            outcomes.append(store.put_if_absent("commit.json", b"%d" % number))
        except ArtifactConflict as conflict:
            outcomes.append(conflict)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Written) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ArtifactConflict) for outcome in outcomes) == WRITERS - 1


def test_missing_directory_is_a_missing_bucket(tmp_path: Path) -> None:
    with pytest.raises(BucketMissing, match="nowhere"):
        LocalStore(tmp_path / "nowhere")


def test_key_below_an_object_cannot_be_written(store: LocalStore) -> None:
    store.put_if_absent("a", b"file")
    with pytest.raises(StoreFailure, match=r"put on file://.*/a/b failed"):
        store.put_if_absent("a/b", b"x")


def test_an_interrupted_write_is_not_listed(store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "store" / ".trimtab-partial-abc").write_bytes(b"half")
    assert list(store.list()) == []


def test_errors_of_the_reader_are_its_own(store: LocalStore, tmp_path: Path) -> None:
    store.put_if_absent("a", b"file")
    with pytest.raises(FileNotFoundError, match="no-such-folder"):
        store.get_file("a", tmp_path / "no-such-folder" / "copy")
