"""Reads the audit chain from its bucket."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab_operator.cli.exits import Refusal
from trimtab_operator.storage.audit_keys import newest_keys
from trimtab_stages.contract.audit import AuditRecord, ChainFault, FaultKind, verify_stored
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.layout import AUDIT_CHAIN
from trimtab_stages.store import LocalStore, Store, StoreError, open_store

SETTINGS_FILES = ("bucket", "path")

FAULT_CODES = {
    FaultKind.EDITED: 2,
    FaultKind.GAP: 3,
    FaultKind.TRUNCATED: 4,
    FaultKind.FORK: 6,
}
"""Exit codes of `audit verify`; 5 is kept for a checkpoint whose signature does not hold."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    Attributes:
        records: records that were read.
        head: hash of the last intact record; empty for an empty chain.
        fault: the first fault, or None.
    """

    records: int
    head: str
    fault: ChainFault | None

    @property
    def code(self) -> int:
        """Exit code: 0 intact, else by the fault's kind."""
        return 0 if self.fault is None else FAULT_CODES[self.fault.kind]


def open_bucket(directory: Path) -> Store:
    """Open the audit bucket.

    Args:
        directory: a storage directory (files `bucket`, `endpoint`, ... or `path`), or the folder
            that itself holds `chain/`.

    Raises:
        Refusal: neither.
    """
    try:
        if any((directory / name).is_file() for name in SETTINGS_FILES):
            return open_store(directory)
        return LocalStore(directory)
    except StoreError as error:
        raise Refusal(error.reason, error.message) from error


def verify_chain(store: Store, head: str | None) -> Verdict:
    """Read the whole chain and return the first fault.

    Raises:
        Refusal: the store does not answer, or a newer Trimtab wrote a record.
    """
    tally = _Tally()
    try:
        fault = verify_stored(tally.watch(_objects(store)), head)
    except NewerSchemaError as error:
        raise Refusal("NewerSchema", f"{tally.key}: {error}") from error
    intact = tally.records if fault is None else fault.sequence
    return Verdict(tally.records, _hash_at(store, intact - 1), fault)


def read_records(store: Store, last: int | None = None) -> list[AuditRecord]:
    """Return the newest records, or all, oldest of them first. They are not verified.

    Raises:
        Refusal: the store does not answer, or an object is no record.
    """
    try:
        if last is None:
            return [AuditRecord.from_bytes(data) for _, data in _objects(store)]
        return [AuditRecord.from_bytes(store.get(key)) for key in newest_keys(store, last)]
    except StoreError as error:
        raise Refusal(error.reason, error.message) from error
    except (ValueError, NewerSchemaError) as error:
        raise Refusal("Edited", f"{error}; run `trimtab audit verify`") from error


class _Tally:
    """Counts what passes by."""

    def __init__(self) -> None:
        self.records = 0
        self.key = ""

    def watch(self, objects: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        for key, data in objects:
            self.records, self.key = self.records + 1, key
            yield key, data


def _objects(store: Store) -> Iterator[tuple[str, bytes]]:
    try:
        for entry in store.list(AUDIT_CHAIN):
            yield entry.key, store.get(entry.key)
    except StoreError as error:
        raise Refusal(error.reason, error.message) from error


def _hash_at(store: Store, sequence: int) -> str:
    objects = (data for index, (_, data) in enumerate(_objects(store)) if index == sequence)
    return next((AuditRecord.from_bytes(data).hash for data in objects), "")
