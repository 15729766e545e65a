"""The probe against a store that overwrites silently, as some S3 look-alikes do."""

from pathlib import Path

import pytest

from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.store import (
    ArtifactConflict,
    ConditionalWriteUnsupported,
    LocalStore,
    Outcome,
    Written,
    probe,
)


class OverwritingStore(LocalStore):
    """A store without conditional writes: every put succeeds."""

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        self.delete(key)
        super().put_if_absent(key, data)
        return Written(digest_of_bytes(data))


def test_store_without_conditional_writes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConditionalWriteUnsupported, match="If-None-Match") as raised:
        probe(OverwritingStore(tmp_path), "t")
    assert str(tmp_path) in raised.value.message


def test_probe_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ConditionalWriteUnsupported):
        probe(OverwritingStore(tmp_path), "t")
    assert list(LocalStore(tmp_path).list()) == []


class LyingStore(LocalStore):
    """A store that reports the conflict, but has overwritten the object already."""

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        existed = self.exists(key)
        self.delete(key)
        written = super().put_if_absent(key, data)
        if existed:
            raise ArtifactConflict(self.uri(key), offered=written.digest, present="another")
        return written


def test_store_that_only_pretends_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConditionalWriteUnsupported):
        probe(LyingStore(tmp_path), "t")
