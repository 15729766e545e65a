"""The audit log, as the operator's own account reads it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.tenant import STORE_SERVICE, SYSTEM_NAMESPACE
from support.forwarded_store import storage_directory
from support.kubectl import Kubectl
from trimtab_stages.contract.audit import AuditRecord
from trimtab_stages.store.directory import open_store

BUCKET, SECRET = "trimtab-audit", "trimtab-operator-storage"
PREFIX = "chain/"
NEWEST = 40


@contextmanager
def audit_directory() -> Iterator[Path]:
    """Yield the storage directory of the audit bucket."""
    system = Kubectl(SYSTEM_NAMESPACE)
    secret = system.get(f"secret/{SECRET}")["data"]
    with storage_directory(system, STORE_SERVICE, secret, BUCKET) as folder:
        yield folder


def newest_records(uid: str, digest: str) -> list[AuditRecord]:
    """Return those of the newest records that are about an object and a content, oldest first.

    Args:
        uid: of the object.
        digest: of the content that they rest on.
    """
    with audit_directory() as folder:
        store = open_store(folder)
        keys = [entry.key for entry in store.list(PREFIX)][-NEWEST:]
        records = [AuditRecord.from_bytes(store.get(key)) for key in keys]
    return [
        record
        for record in records
        if record.object.uid == uid and digest in {item.digest for item in record.evidence}
    ]
