"""Content by digest: blobs go in once, come out checked."""

from pathlib import Path

from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.store import Store


def write_blob(store: Store, data: bytes) -> ArtifactRef:
    """Store bytes under their digest and return the reference."""
    digest = digest_of_bytes(data)
    key = layout.blob(digest)
    store.put_if_absent(key, data)
    return ArtifactRef(key=key, digest=digest, size=len(data))


def read_blob(store: Store, ref: ArtifactRef) -> bytes:
    """Return the bytes of a reference.

    Raises:
        StageError: DigestMismatch, the bytes are not the ones that were referred to.
        StoreError: the store cannot give them.
    """
    data = store.get(ref.key)
    _check(store.uri(ref.key), ref, digest_of_bytes(data))
    return data


def fetch_file(store: Store, ref: ArtifactRef, folder: Path) -> Path:
    """Copy a reference's content into `folder`, once, and return the file.

    Raises:
        StageError: DigestMismatch, the bytes are not the ones that were referred to.
        StoreError: the store cannot give them.
    """
    path = folder / ref.digest.removeprefix("sha256:")
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        arriving = path.with_suffix(".arriving")
        _check(store.uri(ref.key), ref, store.get_file(ref.key, arriving))
        arriving.replace(path)
    return path


def _check(uri: str, ref: ArtifactRef, found: str) -> None:
    if found != ref.digest:
        raise StageError(
            StageReason.DIGEST_MISMATCH,
            f"{uri} has digest {found}, the reference says {ref.digest}; the object was changed "
            "after it was written: restore it, or ingest again into an empty prefix",
        )
