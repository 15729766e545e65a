"""Brings a Dataset's source into the local store, under a key made of its content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from trimtab_operator.cli.exits import Refusal
from trimtab_stages.contract.base import digest_of
from trimtab_stages.store import Store, StoreError

CHUNK = 1 << 20
HASH_CHARS = 16


@dataclass(frozen=True, slots=True)
class Imported:
    """A source in the store.

    Attributes:
        uri: key, or prefix ending in a slash.
        content: identity of the bytes: a digest, or for objects already in the store a digest of
            their keys, sizes and versions.
    """

    uri: str
    content: str


def import_source(store: Store, folder: Path, uri: str) -> Imported:
    """Copy the source's files into the store, or find them there.

    Args:
        store: where it goes.
        folder: the manifest's folder, which the uri is relative to.
        uri: `source.uri` of the Dataset.

    Raises:
        Refusal: it is neither a file beside the manifest nor a key in the store.
    """
    path = folder / uri
    try:
        if path.is_file():
            return _import_file(store, path)
        if path.is_dir():
            return _import_folder(store, path)
        return _find_in_store(store, folder, uri)
    except StoreError as error:
        raise Refusal(error.reason, error.message) from error


def _import_file(store: Store, path: Path) -> Imported:
    digest = _digest_of_file(path)
    key = f"raw/{digest[:HASH_CHARS]}/{path.name}"
    store.put_file_if_absent(key, path)
    return Imported(key, f"sha256:{digest}")


def _import_folder(store: Store, folder: Path) -> Imported:
    files = {item.name: item for item in sorted(folder.iterdir()) if item.is_file()}
    if not files:
        raise Refusal("SourceMissing", f"{folder} holds no file; put the source there")
    digests = {name: _digest_of_file(path) for name, path in files.items()}
    content = digest_of(digests)
    prefix = f"raw/{content.removeprefix('sha256:')[:HASH_CHARS]}/"
    for name, path in files.items():
        store.put_file_if_absent(f"{prefix}{name}", path)
    return Imported(prefix, content)


def _find_in_store(store: Store, folder: Path, uri: str) -> Imported:
    entries = [entry for entry in store.list(uri) if entry.key == uri or uri.endswith("/")]
    if not entries:
        raise Refusal(
            "SourceMissing",
            f"`source.uri` {uri} is neither a file in {folder} nor a key in {store.location}; "
            "put the file beside the manifest, or correct the uri",
        )
    return Imported(uri, digest_of([[entry.key, entry.size, entry.version] for entry in entries]))


def _digest_of_file(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
