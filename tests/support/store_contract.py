"""What every store must do: one table of cases, run over each implementation.

A case is a function of a fresh, empty store and a scratch directory.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.store import (
    AlreadyThere,
    ArtifactConflict,
    InvalidKey,
    NotFound,
    Store,
    Written,
    probe,
)

Case = Callable[[Store, Path], None]

MISSING_READS: dict[str, Callable[[Store, Path], object]] = {
    "get": lambda store, _: store.get("absent"),
    "get_file": lambda store, folder: store.get_file("absent", folder / "copy"),
    "get_range": lambda store, _: store.get_range("absent", 0, 1),
    "open_stream": lambda store, _: store.open_stream("absent").__enter__(),
    "get below an object": lambda store, _: store.get("absent/deeper"),
}
BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "a\nb", "x" * 300]


def reads_back_what_was_written(store: Store, folder: Path) -> None:
    data = bytes(range(256)) * 9
    assert store.put_if_absent("runs/a/metrics.json", data) == Written(digest_of_bytes(data))
    assert store.get("runs/a/metrics.json") == data
    copied = folder / "copy"
    assert store.get_file("runs/a/metrics.json", copied) == digest_of_bytes(data)
    assert copied.read_bytes() == data
    with store.open_stream("runs/a/metrics.json") as stream:
        assert stream.read(3) + stream.read() == data


def adopts_the_same_bytes(store: Store, _: Path) -> None:
    store.put_if_absent("commit.json", b"{}")
    assert store.put_if_absent("commit.json", b"{}") == AlreadyThere(digest_of_bytes(b"{}"))


def refuses_other_bytes(store: Store, _: Path) -> None:
    store.put_if_absent("commit.json", b"first")
    with pytest.raises(ArtifactConflict) as raised:
        store.put_if_absent("commit.json", b"second")
    assert raised.value.present == digest_of_bytes(b"first")
    assert raised.value.offered == digest_of_bytes(b"second")
    assert store.uri("commit.json") in raised.value.message
    assert store.get("commit.json") == b"first"


def writes_files_once(store: Store, folder: Path) -> None:
    file = folder / "weights"
    file.write_bytes(b"w" * 5000)
    digest = digest_of_bytes(b"w" * 5000)
    assert store.put_file_if_absent("model/weights", file) == Written(digest)
    assert store.put_file_if_absent("model/weights", file) == AlreadyThere(digest)
    file.write_bytes(b"v" * 5000)
    with pytest.raises(ArtifactConflict):
        store.put_file_if_absent("model/weights", file)
    assert store.get("model/weights") == b"w" * 5000


def keeps_empty_objects(store: Store, _: Path) -> None:
    assert store.put_if_absent("empty", b"") == Written(digest_of_bytes(b""))
    assert store.get("empty") == b""
    assert store.exists("empty")


def overwrites_with_put(store: Store, _: Path) -> None:
    store.put("probes/x", b"one")
    store.put("probes/x", b"two")
    assert store.get("probes/x") == b"two"
    with pytest.raises(InvalidKey, match="put_if_absent"):
        store.put("commit.json", b"{}")


def says_what_is_missing(store: Store, folder: Path) -> None:
    for name, read in MISSING_READS.items():
        with pytest.raises(NotFound, match="absent") as raised:
            read(store, folder)
        assert raised.value.retryable is False, name
    assert not store.exists("absent")
    assert list(folder.iterdir()) == []


def reads_ranges(store: Store, _: Path) -> None:
    store.put_if_absent("digits", b"0123456789")
    assert store.get_range("digits", 2, 3) == b"234"
    assert store.get_range("digits", 8, 100) == b"89"
    assert store.get_range("digits", 10, 5) == b""
    assert store.get_range("digits", 0, 0) == b""


def lists_in_byte_order(store: Store, _: Path) -> None:
    keys = ["a/1", "a/10", "a/2", "a-b", "ab", "b/é", "b/z"]
    for key in keys:
        store.put_if_absent(key, key.encode())
    assert [entry.key for entry in store.list()] == sorted(keys, key=str.encode)
    assert [entry.key for entry in store.list("a/")] == ["a/1", "a/10", "a/2"]
    assert [entry.key for entry in store.list("a")] == ["a-b", "a/1", "a/10", "a/2", "ab"]
    assert [entry.key for entry in store.list("a/", start_after="a/1")] == ["a/10", "a/2"]
    assert list(store.list("nothing/")) == []
    assert [entry.size for entry in store.list("b/")] == [3, 4]


def lists_more_than_a_page(store: Store, _: Path) -> None:
    keys = [f"many/{number:03d}" for number in range(40)]
    for key in keys:
        store.put_if_absent(key, b"x")
    assert [entry.key for entry in store.list("many/")] == keys
    assert [entry.key for entry in store.list("many/", start_after=keys[2])] == keys[3:]


def changes_version_with_the_bytes(store: Store, _: Path) -> None:
    store.put("probes/x", b"one")
    before = next(iter(store.list("probes/"))).version
    store.put("probes/x", b"other")
    assert next(iter(store.list("probes/"))).version != before


def deletes_and_forgets(store: Store, _: Path) -> None:
    store.put_if_absent("gone", b"x")
    store.delete("gone")
    store.delete("gone")
    assert not store.exists("gone")
    assert store.put_if_absent("gone", b"y") == Written(digest_of_bytes(b"y"))


def refuses_unusable_keys(store: Store, _: Path) -> None:
    for key in BAD_KEYS:
        for use in (store.get, store.exists, store.delete):
            with pytest.raises(InvalidKey):
                use(key)
        with pytest.raises(InvalidKey):
            store.put_if_absent(key, b"")
    for prefix in ("../", "/", "a/../../b", "a//"):
        with pytest.raises(InvalidKey):
            list(store.list(prefix))


def passes_the_probe_twice(store: Store, _: Path) -> None:
    probe(store, "one")
    probe(store, "one")
    assert list(store.list()) == []


CONTRACT: list[Case] = [
    reads_back_what_was_written,
    adopts_the_same_bytes,
    refuses_other_bytes,
    writes_files_once,
    keeps_empty_objects,
    overwrites_with_put,
    says_what_is_missing,
    reads_ranges,
    lists_in_byte_order,
    lists_more_than_a_page,
    changes_version_with_the_bytes,
    deletes_and_forgets,
    refuses_unusable_keys,
    passes_the_probe_twice,
]
