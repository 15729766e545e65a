"""The rows and labels that are kept of a rollout are the same in whatever order they are read."""

from collections.abc import Sequence

import numpy as np
import pytest

from trimtab_operator.monitor.rollout_rows import (
    DECIDED,
    LABELS,
    Table,
    add_decided,
    add_labels,
    are_among,
    decided_of,
    empty,
    labels_of,
    matching,
    newest_of,
)
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.decision_record import NO_DECISION
from trimtab_stages.contract.feedback import FeedbackBatch, Label

VERSION = f"sha256:{'a' * 64}"
INDEX = {"calm": 0, "busy": 1}
MOST = 60


def captured(
    ids: Sequence[str], received: Sequence[int], decisions: Sequence[int] | None = None
) -> CapturedRows:
    return CapturedRows(
        model="m",
        version=VERSION,
        ids=list(ids),
        event_time_ns=[at + 7 for at in received],
        received_ns=list(received),
        numeric_columns=[],
        numeric="",
        scores="",
        decisions=[1] * len(ids) if decisions is None else list(decisions),
    )


def decided(ids: Sequence[str], received: Sequence[int]) -> Table:
    return decided_of(captured(ids, received))


def labels(given: Sequence[tuple[str, str]], received: int) -> Table:
    batch = FeedbackBatch(
        model="m",
        received_ns=received,
        labels=[Label(id=name, label=label) for name, label in given],
    )
    return labels_of(batch, INDEX)


def objects() -> list[Table]:
    """Return rows of forty objects; some rows are in several, and several arrive at once."""
    random = np.random.default_rng(3)
    return [
        decided(
            [f"r{name}#0" for name in random.integers(0, 150, 10).tolist()],
            random.integers(0, 90, 10).tolist(),
        )
        for _ in range(40)
    ]


def read(parts: Sequence[Table], portion: int) -> Table:
    kept = empty(DECIDED)
    for start in range(0, len(parts), portion):
        kept = add_decided(kept, np.concatenate(parts[start : start + portion]), MOST)
    return kept


@pytest.mark.parametrize("portion", [1, 3, 40])
@pytest.mark.parametrize("seed", range(5))
def test_the_earliest_rows_are_kept_in_any_order_of_reading(portion: int, seed: int) -> None:
    parts = objects()
    first: dict[bytes, int] = {}
    for row, received, *_ in np.concatenate(parts).tolist():
        first[row] = min(received, first.get(row, received))
    expected = sorted(first, key=lambda row: (first[row], row))[:MOST]

    order = np.random.default_rng(seed).permutation(len(parts))
    kept = read([parts[place] for place in order], portion)
    assert kept["row"].tolist() == sorted(expected)
    assert kept["received"].tolist() == [first[row] for row in sorted(expected)]
    assert kept.tobytes() == read(parts, 40).tobytes()


def test_a_row_that_was_answered_twice_counts_as_it_was_answered_first() -> None:
    early, late = (decided_of(captured(["r#3"], [at], [at % 2])) for at in (10, 11))
    for parts in ([early, late], [late, early]):
        kept = read(parts, 1)
        assert kept[["received", "event", "decision"]].tolist() == [(10, 17, 0)]


def test_rows_without_a_decision_are_left_out() -> None:
    rows = captured(["a#0", "b#1"], [1, 2], [NO_DECISION, 1])
    assert decided_of(rows)["received"].tolist() == [2]
    assert len(decided_of(rows.model_copy(update={"decisions": []}))) == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"ids": ["a"]}, ValueError, id="an id without its row"),
        pytest.param({"event_time_ns": [10**30]}, OverflowError, id="a time that does not fit"),
    ],
)
def test_what_no_server_writes_is_refused(
    changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        decided_of(captured(["a#0"], [1]).model_copy(update=changes))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_last_label_says_the_truth_and_the_first_one_the_place(order: Sequence[int]) -> None:
    batches = [
        labels([("a", "calm"), ("b", "busy"), ("b", "calm")], 10),
        labels([("a", "busy"), ("c", "none of the model's")], 20),
        labels([("a", "calm"), ("a", "busy")], 20),
    ]
    kept = empty(LABELS)
    for place in order:
        kept = add_labels(kept, batches[place])
    rows = matching(decided(["a#0", "b#0"], [0, 0]), kept)
    assert sorted(rows[["first", "last", "truth"]].tolist()) == [(10, 10, 0), (10, 20, 1)]
    assert len(kept) == 2


def test_labels_that_no_row_waits_for_are_forgotten_from_the_oldest_on() -> None:
    kept = np.concatenate([labels([(f"r{at}", "calm")], at) for at in range(10)])
    optional = kept["last"] % 2 == 0
    assert sorted(newest_of(kept, optional, 2)["last"].tolist()) == [1, 3, 5, 6, 7, 8, 9]
    assert newest_of(kept, optional, 5) is kept


def test_nothing_is_among_nothing() -> None:
    rows = decided(["a#0", "b#0"], [1, 2])
    assert are_among(rows, rows[:1]).sum() == 1
    assert not are_among(rows, empty(LABELS)).any()
    assert len(are_among(empty(DECIDED), rows)) == 0
