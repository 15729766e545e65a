"""The audit chain: whatever is done to a stored record shows."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.contract_samples import DATA, audit_draft
from trimtab_stages.contract.audit import (
    GENESIS,
    AuditAction,
    AuditRecord,
    ChainFault,
    FaultKind,
    hash_of,
    seal,
    verify,
    verify_stored,
)
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.contract.words import read_word

Stored = list[tuple[str, bytes]]


def chain(length: int) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for number in range(length):
        records.append(seal(audit_draft(number), records[-1] if records else None))
    return records


def stored(records: list[AuditRecord]) -> Stored:
    return [(audit_record(index), record.to_bytes()) for index, record in enumerate(records)]


CHAIN = chain(6)
OBJECTS = stored(CHAIN)


def found(objects: Stored, head: str | None = None) -> ChainFault | None:
    try:
        return verify_stored(objects, head)
    except NewerSchemaError:
        return ChainFault(kind=FaultKind.EDITED, sequence=-1, message="newer")


@pytest.mark.parametrize("length", [0, 1, 6])
def test_intact_chains_hold(length: int) -> None:
    records = chain(length)
    head = records[-1].hash if records else GENESIS
    assert verify(records) is None
    assert verify(records, head) is None
    assert verify_stored(stored(records), head) is None


def test_an_action_of_a_newer_trimtab_is_a_link_like_any_other() -> None:
    newer = audit_draft(6).model_copy(update={"action": read_word(AuditAction, "FromTheFuture")})
    longer = [*CHAIN, seal(newer, CHAIN[-1])]
    longer.append(seal(audit_draft(7), longer[-1]))

    assert AuditRecord.from_bytes(longer[6].to_bytes()) == longer[6]
    assert found(stored(longer)) is None


def test_a_chain_may_grow_after_its_head_was_noted() -> None:
    assert verify(CHAIN, CHAIN[3].hash) is None


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(OBJECTS) - 1))
    key, content = OBJECTS[index]
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[place]))
    spoiled = content[:place] + bytes([byte]) + content[place + 1 :]
    fault = found([*OBJECTS[:index], (key, spoiled), *OBJECTS[index + 1 :]])
    assert fault is not None
    assert fault.sequence in {index, -1}
    assert fault.kind is FaultKind.EDITED


@given(st.integers(0, 5), st.binary(min_size=1, max_size=4), st.booleans())
def test_added_or_cut_bytes_are_found(index: int, extra: bytes, cut: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    key, content = OBJECTS[index]
    spoiled = content[: -len(extra)] if cut else content + extra
    fault = found([*OBJECTS[:index], (key, spoiled), *OBJECTS[index + 1 :]])
    assert fault is not None
    assert (fault.kind, fault.sequence) == (FaultKind.EDITED, index)


@given(st.integers(0, 4))
def test_a_dropped_record_is_found(index: int) -> None:
    fault = found([*OBJECTS[:index], *OBJECTS[index + 1 :]])
    assert fault is not None
    assert (fault.kind, fault.sequence) == (FaultKind.GAP, index)


@given(st.integers(0, 5))
def test_a_cut_end_is_found_with_a_head(length: int) -> None:
    assert found(OBJECTS[:length]) is None
    fault = found(OBJECTS[:length], CHAIN[-1].hash)
    assert fault is not None
    assert (fault.kind, fault.sequence) == (FaultKind.TRUNCATED, length)


@given(st.permutations(range(6)).filter(lambda order: order != list(range(6))))
def test_swapped_records_are_found(order: list[int]) -> None:
    keys = [key for key, _ in OBJECTS]
    fault = found([(key, OBJECTS[at][1]) for key, at in zip(keys, order, strict=True)])
    assert fault is not None
    first = next(place for place, at in enumerate(order) if place != at)
    assert (fault.kind, fault.sequence) == (FaultKind.GAP, first)


def other_branch(index: int) -> AuditRecord:
    """Return an intact record that could stand at `index`, after the record before it."""
    return seal(audit_draft(99), CHAIN[index - 1] if index else None)


@given(st.integers(0, 4))
def test_a_fork_is_found(index: int) -> None:
    objects = list(OBJECTS)
    objects[index] = (objects[index][0], other_branch(index).to_bytes())
    fault = found(objects)
    assert fault is not None
    assert (fault.kind, fault.sequence) == (FaultKind.FORK, index + 1)


def test_a_rewritten_end_is_found_with_a_head() -> None:
    objects = [*OBJECTS[:-1], (OBJECTS[-1][0], other_branch(5).to_bytes())]
    assert found(objects) is None
    fault = found(objects, CHAIN[-1].hash)
    assert fault is not None
    assert fault.kind is FaultKind.TRUNCATED


def rehashed(record: AuditRecord) -> AuditRecord:
    edited = record.model_copy(update={"actor": "somebody"})
    return edited.model_copy(update={"hash": hash_of(edited)})


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda record: record.model_copy(update={"actor": "somebody"}), FaultKind.EDITED),
        (lambda record: record.model_copy(update={"hash": DATA}), FaultKind.EDITED),
        (rehashed, FaultKind.FORK),
    ],
    ids=["edited", "hash-replaced", "edited-and-hashed-anew"],
)
def test_an_edited_record_is_found(
    spoil: Callable[[AuditRecord], AuditRecord], kind: FaultKind
) -> None:
    fault = verify([*CHAIN[:2], spoil(CHAIN[2]), *CHAIN[3:]])
    assert fault is not None
    assert fault.kind is kind


def test_other_json_of_the_same_value_is_an_edit() -> None:
    key, content = OBJECTS[1]
    spaced = json.dumps(json.loads(content)).encode()
    fault = found([OBJECTS[0], (key, spaced)])
    assert fault is not None
    assert fault.kind is FaultKind.EDITED


def test_sealing_links_to_the_record_before() -> None:
    first, second = CHAIN[:2]
    assert (first.sequence, first.previous) == (0, GENESIS)
    assert (second.sequence, second.previous) == (1, first.hash)
    assert second.hash == hash_of(second)
