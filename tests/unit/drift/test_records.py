"""Decision records as arrays, and the labels that belong to them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from support.windows import SNAPSHOT, START_NS, VERSION, Rows, block_of, rows_of
from trimtab_stages.contract.decision_record import MAGIC, NO_DECISION, hash_id, unpack_block
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.drift.records import (
    LabelledRows,
    join,
    join_records,
    read_labels,
    read_records,
)

CLASSES = ("no", "yes")


def decided(*classes: int) -> Rows:
    rows = rows_of(np.zeros((len(classes), 1)), ["x"])
    return replace(rows, decided=np.array(classes, dtype=np.int64))


def told(received_ns: int, *labels: tuple[str, str]) -> FeedbackBatch:
    entries = [Label(id=name, label=label) for name, label in labels]
    return FeedbackBatch(model="m", received_ns=received_ns, labels=entries)


def joined(rows: Rows, ids: Sequence[str], *batches: FeedbackBatch) -> list[tuple[int, int]]:
    labelled = join(read_records([block_of(rows, ids)]), read_labels(batches, CLASSES))
    return list(zip(labelled.decided.tolist(), labelled.truth.tolist(), strict=True))


def test_arrays_say_what_the_records_say() -> None:
    block = block_of(decided(1, 0, 1))
    arrays = read_records([block, block])
    records = 2 * list(unpack_block(block))

    assert len(arrays) == 6
    assert arrays.event_ns.tolist() == [record.event_ns for record in records]
    assert arrays.received_ns.tolist() == [record.received_ns for record in records]
    assert arrays.decision.tolist() == [record.decision for record in records]
    assert arrays.score.tolist() == [record.score for record in records]
    assert [one.tobytes() for one in arrays.id_hash] == [record.id_hash for record in records]
    assert arrays.row.tolist() == [record.row for record in records]


def test_records_of_another_version_are_left_out() -> None:
    block = block_of(decided(1, 0))

    assert len(read_records([block], VERSION)) == 2
    assert len(read_records([block], SNAPSHOT)) == 0


def test_a_window_ends_before_its_end() -> None:
    records = read_records([block_of(decided(0, 1, 0))])
    minute = 60_000_000_000

    assert records.within(START_NS, START_NS + 2 * minute).decision.tolist() == [0, 1]
    assert len(records.within(START_NS + 3 * minute, START_NS + 9 * minute)) == 0


def test_parts_are_joined_in_their_order() -> None:
    parts = [read_records([block_of(decided(0))]), read_records([block_of(decided(1, 1))])]

    assert join_records(parts).decision.tolist() == [0, 1, 1]
    assert len(join_records([])) == 0


@pytest.mark.parametrize(
    ("block", "message"),
    [
        pytest.param(b"nothing of ours", "not a block", id="foreign"),
        pytest.param(MAGIC + b"\0" * 63, "63 bytes are no whole number", id="torn"),
    ],
)
def test_what_is_no_block_is_refused(block: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_records([block])


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([], [], id="no label"),
        pytest.param([told(1, ("b", "yes"))], [(0, 1)], id="one label"),
        pytest.param([told(1, ("b", "yes"), ("b", "no"))], [(0, 0)], id="last position wins"),
        pytest.param([told(2, ("b", "no")), told(1, ("b", "yes"))], [(0, 0)], id="arrival wins"),
        pytest.param([told(1, ("b", "no")), told(1, ("b", "yes"))], [(0, 1)], id="given order"),
        pytest.param([told(1, ("z", "yes"))], [], id="id of no row"),
        pytest.param([told(1, ("b", "maybe"))], [], id="class of another model"),
        pytest.param([told(1, ("c", "no"), ("a", "yes"))], [(1, 1), (1, 0)], id="event order"),
    ],
)
def test_the_last_label_of_a_row_counts(
    batches: list[FeedbackBatch], expected: list[tuple[int, int]]
) -> None:
    assert joined(decided(1, 0, 1), ["a", "b", "c"], *batches) == expected


def test_rows_of_one_request_have_labels_of_their_own() -> None:
    records = replace(read_records([block_of(decided(1, 0), ["a", "a"])]), row=np.array([0, 1]))
    entries = [Label(id="a", row=1, label="yes"), Label(id="a", row=0, label="no")]
    labels = read_labels([FeedbackBatch(model="m", received_ns=1, labels=entries)], CLASSES)

    assert join(records, labels).truth.tolist() == [0, 1]


def test_a_row_answered_again_counts_once_as_first_answered() -> None:
    rows = decided(1, 0)
    again = replace(rows, event_ns=np.full(2, START_NS), received_ns=np.array([9, 5]))

    assert joined(again, ["a", "a"], told(1, ("a", "yes"))) == [(0, 1)]


def test_rows_without_a_decision_have_no_quality() -> None:
    assert joined(decided(NO_DECISION, 1), ["a", "b"], told(1, ("a", "no"), ("b", "no"))) == [
        (1, 0)
    ]


def test_unknown_classes_are_counted() -> None:
    labels = read_labels([told(7, ("a", "maybe"), ("b", "yes"))], CLASSES)

    assert (labels.unknown, labels.truth.tolist(), labels.event_ns.tolist()) == (1, [1], [7])
    assert labels.id_hash.tobytes() == hash_id("b")


def test_joins_of_many_equal_a_dictionary() -> None:
    random = np.random.default_rng(2)
    ids = [f"id-{number}" for number in random.integers(0, 400, 1000)]
    rows = decided(*random.integers(0, 2, 1000).tolist())
    pairs = [(f"id-{n}", CLASSES[k]) for n, k in random.integers(0, [500, 2], (300, 2)).tolist()]
    last = dict(pairs)
    first = dict(zip(reversed(ids), reversed(range(1000)), strict=True))
    expected = [
        (int(rows.decided[position]), CLASSES.index(last[name]))
        for name, position in sorted(first.items(), key=lambda item: item[1])
        if name in last
    ]

    assert joined(rows, ids, told(1, *pairs)) == expected


def test_labelled_rows_have_a_length() -> None:
    assert len(LabelledRows(np.zeros(3, np.int64), np.ones(3, np.int64))) == 3
