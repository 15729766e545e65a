"""Audit records: a hash chain in which any changed, dropped, swapped or forked record shows."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import Digest, StoredModel, StrictModel, UtcTime, digest_of

GENESIS = f"sha256:{'0' * 64}"
"""Previous hash of the first record."""


class AuditAction(StrEnum):
    """What was done."""

    SNAPSHOT_COMMITTED = "SnapshotCommitted"
    """A Dataset has a new snapshot."""
    RUN_STARTED = "RunStarted"
    """A PipelineRun was created; recorded before it."""
    GATES_JUDGED = "GatesJudged"
    """The operator judged a run's evidence."""
    RUN_FAILED = "RunFailed"
    """A run ended without a commit."""
    PROMOTED = "Promoted"
    """A version became champion; recorded before it."""


class AuditObject(StrictModel):
    """The object that the action is about."""

    kind: str
    """Kind."""
    namespace: str
    """Namespace."""
    name: str
    """Name."""
    uid: str
    """Object uid."""
    generation: int = 0
    """Generation that was acted on."""


class AuditEvidence(StrictModel):
    """Stored content that the action rests on."""

    name: str
    """What it is: snapshot, commit, model."""
    digest: Digest
    """Its digest."""


class AuditRecord(StoredModel):
    """One link of the chain."""

    sequence: Annotated[int, Field(ge=0)]
    """Position, from 0, without holes."""
    time: UtcTime
    """When the writer recorded it."""
    actor: Annotated[str, Field(max_length=256)]
    """Who acted: the operator's identity, or a person's as the API server knows it."""
    action: AuditAction
    """What was done."""
    object: AuditObject
    """About which object."""
    reason: Annotated[str, Field(max_length=1024)]
    """Why, with the numbers, in one sentence."""
    evidence: list[AuditEvidence] = []
    """What it rests on."""
    cause: Annotated[str, Field(max_length=128)] = ""
    """Identity of the cause (trigger id, ingest id); one record per cause, action and object."""
    lease_epoch: int = 0
    """Transitions of the operator's Lease: which holder wrote it."""
    previous: Digest
    """Hash of the record before it; zeros for the first."""
    hash: Digest
    """Digest of all other fields."""


def hash_of(record: AuditRecord) -> str:
    """Return the digest of all fields of a record but `hash`."""
    wire = record.to_wire()
    del wire["hash"]
    return digest_of(wire)


def seal(draft: AuditRecord, previous: AuditRecord | None) -> AuditRecord:
    """Return the draft as the next link after `previous`: sequence, previous hash, own hash."""
    linked = draft.model_copy(
        update={
            "sequence": 0 if previous is None else previous.sequence + 1,
            "previous": GENESIS if previous is None else previous.hash,
        }
    )
    return linked.model_copy(update={"hash": hash_of(linked)})


class ChainFault(StrictModel):
    """The first place where a chain does not hold."""

    sequence: int
    """Expected sequence number there."""
    message: str
    """What is wrong."""


def verify(records: Iterable[AuditRecord], head: str | None = None) -> ChainFault | None:
    """Return the first fault of a chain read from its beginning, or None.

    Args:
        records: the chain in key order.
        head: hash that the last record must have, from a place the store's owner cannot write;
            without it a chain cut short at its end cannot be told from a shorter one.
    """
    expected, previous = 0, GENESIS
    for record in records:
        fault = _fault_of(record, expected, previous)
        if fault is not None:
            return ChainFault(sequence=expected, message=fault)
        expected, previous = expected + 1, record.hash
    if head is not None and head != previous:
        return ChainFault(
            sequence=expected, message=f"the chain ends with {previous}, its head should be {head}"
        )
    return None


def _fault_of(record: AuditRecord, expected: int, previous: str) -> str | None:
    if record.sequence != expected:
        return f"record {record.sequence} stands where {expected} belongs"
    if record.previous != previous:
        return f"record {expected} names another record before it"
    if hash_of(record) != record.hash:
        return f"record {expected} was changed after it was written"
    return None
