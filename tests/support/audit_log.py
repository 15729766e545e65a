"""The newest records of the audit log, as the operator's own account reads them."""

from demo.tenant import SYSTEM_NAMESPACE
from support.forwarded_store import forwarded_store
from support.kubectl import Kubectl
from trimtab_stages.contract.audit import AuditRecord

BUCKET, SERVICE, SECRET = "trimtab-audit", "trimtab-s3", "trimtab-operator-storage"
PREFIX = "chain/"
NEWEST = 40


def newest_records(uid: str, digest: str) -> list[AuditRecord]:
    """Return those of the newest records that are about an object and a content, oldest first.

    Args:
        uid: of the object.
        digest: of the content that they rest on.
    """
    system = Kubectl(SYSTEM_NAMESPACE)
    secret = system.get(f"secret/{SECRET}")["data"]
    with forwarded_store(system, SERVICE, secret, BUCKET) as store:
        keys = [entry.key for entry in store.list(PREFIX)][-NEWEST:]
        records = [AuditRecord.from_bytes(store.get(key)) for key in keys]
    return [
        record
        for record in records
        if record.object.uid == uid and digest in {item.digest for item in record.evidence}
    ]
