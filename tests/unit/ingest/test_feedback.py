"""Labels that came back: which one counts for which row."""

from itertools import permutations
from pathlib import Path

import pytest

from support.capturing import MODEL, write_labels
from trimtab_stages.contract.feedback import Label
from trimtab_stages.ingest.feedback import FOREIGN, NEVER, UNLABELLED, last_labels, row_keys
from trimtab_stages.store import LocalStore

CLASSES = ("no", "yes")
ROWS = ["a#0", "a#1", "b#0"]

Batch = tuple[int, list[Label]]


def label(name: str, row: int = 0, text: str = "yes", since: int | None = None) -> Label:
    return Label(id=name, row=row, label=text, event_time_ns=since)


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        pytest.param([], [UNLABELLED] * 3, id="none"),
        pytest.param([(1, [label("a")])], [1, UNLABELLED, UNLABELLED], id="one row"),
        pytest.param([(1, [label("a", 1)])], [UNLABELLED, 1, UNLABELLED], id="its second row"),
        pytest.param([(1, [label("c")])], [UNLABELLED] * 3, id="a row that was not captured"),
        pytest.param(
            [(1, [label("b", text="perhaps")])], [UNLABELLED, UNLABELLED, FOREIGN], id="no class"
        ),
        pytest.param(
            [(1, [label("a"), label("a", text="no")])],
            [0, UNLABELLED, UNLABELLED],
            id="the last of a batch",
        ),
        pytest.param(
            [(2, [label("a", text="no")]), (1, [label("a")])],
            [0, UNLABELLED, UNLABELLED],
            id="the batch that arrived last",
        ),
        pytest.param(
            [(1, [label("b", text="perhaps")]), (2, [label("b")])],
            [UNLABELLED, UNLABELLED, 1],
            id="corrected",
        ),
    ],
)
def test_the_last_label_counts(batches: list[Batch], expected: list[int], tmp_path: Path) -> None:
    """However the batches are listed."""
    for number, order in enumerate(permutations(batches)):
        folder = tmp_path / str(number)
        folder.mkdir()
        store = LocalStore(folder)
        for place, (received, labels) in enumerate(order):
            write_labels(store, labels, received_ns=received, writer=f"pod-{place}-00000000")
        assert last_labels(store, MODEL, row_keys(ROWS), CLASSES).index.tolist() == expected


def test_when_a_label_became_true_is_kept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write_labels(store, [label("a", since=77), label("b")], received_ns=1)
    truth = last_labels(store, MODEL, row_keys(ROWS), CLASSES)
    assert truth.since_ns.tolist() == [77, NEVER, NEVER]


def test_an_inference_id_that_was_captured_twice_has_one_label(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write_labels(store, [label("a")], received_ns=1)
    truth = last_labels(store, MODEL, row_keys(["a#0", "b#0", "a#0"]), CLASSES)
    assert truth.index.tolist() == [1, UNLABELLED, 1]


def test_labels_of_another_model_are_not_read(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write_labels(store, [label("a")], received_ns=1)
    assert last_labels(store, "bike", row_keys(ROWS), CLASSES).index.tolist() == [UNLABELLED] * 3
