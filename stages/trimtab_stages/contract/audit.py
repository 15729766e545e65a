"""Audit records: a hash chain in which any changed, dropped, swapped or forked record shows."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import Digest, StoredModel, StrictModel, UtcTime, digest_of
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.contract.words import Stored

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
    RETRAIN_DECIDED = "RetrainDecided"
    """A DriftMonitor decided that its Model is retrained; recorded before the run may start."""
    RETRAIN_SUPPRESSED = "RetrainSuppressed"
    """A rule asked for a retrain, and a guard or the mode kept it from being started."""
    RETRAIN_SUGGESTED = "RetrainSuggested"
    """A DriftMonitor asks a person whether its Model is retrained."""
    RETRAIN_ACCEPTED = "RetrainAccepted"
    """A person accepted a suggested retrain; recorded before the run may start."""
    RETRAIN_ENDED = "RetrainEnded"
    """A retrain ended, and no run's own record tells why: the ingest of its rows failed, its run
    was deleted, or the version that it was decided for no longer serves."""
    SLOT_WAIT_ENDED = "SlotWaitEnded"
    """A retrain does not wait for a slot of the fleet any more: it starts, or something else came
    first."""
    ALERT_RAISED = "AlertRaised"
    """A DriftMonitor asks for a person's attention."""
    RETRAINING_HELD = "RetrainingHeld"
    """A DriftMonitor found the data at fault, so nothing is retrained on it."""
    WAITED = "Waited"
    """A DriftMonitor decided a window and nothing follows from it yet."""
    BREAKER_OPENED = "BreakerOpened"
    """Too many retrains failed in a row, so none is decided until a person resets the breaker."""
    BREAKER_RESET = "BreakerReset"
    """A person reset the breaker by annotation."""
    ROLLOUT_STARTED = "RolloutStarted"
    """A version begins to score the champion's requests; recorded before it."""
    ROLLOUT_HELD = "RolloutHeld"
    """The evidence of a rollout is complete and decides nothing."""
    ROLLED_BACK = "RolledBack"
    """A version was taken back; done first, recorded after."""


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
    action: Stored[AuditAction]
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


class FaultKind(StrEnum):
    """How a chain is broken."""

    EDITED = "Edited"
    """A stored record is not the one that was written."""
    GAP = "Gap"
    """A record is missing, stands twice or stands in another one's place."""
    FORK = "Fork"
    """A record follows another record than the stored one before it."""
    TRUNCATED = "Truncated"
    """The chain ends before a record that is known to have been in it."""


class ChainFault(StrictModel):
    """The first place where a chain does not hold."""

    kind: FaultKind
    """How it is broken."""
    sequence: int
    """Expected sequence number there."""
    message: str
    """What is wrong."""


def verify(records: Iterable[AuditRecord], head: str | None = None) -> ChainFault | None:
    """Return the first fault of a chain read from its beginning, or None.

    Args:
        records: the chain in key order.
        head: hash of a record that was in the chain, the newest that is known, from a place the
            store's owner cannot write; without it a chain cut short at its end cannot be told from
            a shorter one.
    """
    return verify_stored(((audit_record(r.sequence), r.to_bytes()) for r in records), head)


def verify_stored(
    objects: Iterable[tuple[str, bytes]], head: str | None = None
) -> ChainFault | None:
    """Return the first fault of a chain as it is stored, or None.

    Args:
        objects: keys and bytes of the audit bucket's `chain/`, in key order.
        head: as in `verify`.

    Raises:
        NewerSchemaError: a newer Trimtab wrote a record, this one cannot judge it.
    """
    expected, previous, head_seen = 0, GENESIS, head in {None, GENESIS}
    for key, data in objects:
        found = _fault_of(key, data, expected, previous)
        if isinstance(found, ChainFault):
            return found
        expected, previous = expected + 1, found.hash
        head_seen = head_seen or found.hash == head
    if head_seen:
        return None
    message = f"the chain ends with {previous}; {head}, which was in it, is missing"
    return ChainFault(kind=FaultKind.TRUNCATED, sequence=expected, message=message)


def _fault_of(key: str, data: bytes, expected: int, previous: str) -> AuditRecord | ChainFault:
    """Return the record under a key, or what is wrong there.

    The hash comes first: what an edited record says of its place means nothing.
    """
    record = _intact(data)
    if record is None:
        message = f"{key} was changed after it was written"
        return ChainFault(kind=FaultKind.EDITED, sequence=expected, message=message)
    if key != audit_record(expected) or record.sequence != expected:
        message = f"{key} with record {record.sequence} stands where {expected} belongs"
        return ChainFault(kind=FaultKind.GAP, sequence=expected, message=message)
    if record.previous != previous:
        message = f"{key} follows {record.previous}, but the record before it is {previous}"
        return ChainFault(kind=FaultKind.FORK, sequence=expected, message=message)
    return record


def _intact(data: bytes) -> AuditRecord | None:
    """Return the record if its bytes are exactly those that were hashed."""
    try:
        record = AuditRecord.from_bytes(data)
    except (ValueError, RecursionError):
        return None
    return record if record.to_bytes() == data and hash_of(record) == record.hash else None
