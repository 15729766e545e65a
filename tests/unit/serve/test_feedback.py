"""Labels that come back."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.observe.feedback import FeedbackBuffer, read_labels
from trimtab_stages.serve.observe.observer import Naming
from trimtab_stages.serve.observe.outbox import Outbox
from trimtab_stages.store import LocalStore

MEBIBYTE = 1 << 20


def body(*entries: Any) -> bytes:
    return orjson.dumps({"labels": list(entries)})


def test_labels_are_read_with_their_defaults() -> None:
    labels = read_labels(
        body(
            {"id": "a", "label": "yes"},
            {"id": "b", "row": 2, "label": "no", "event_time": 7, "source": "anna"},
        ),
        [],
    )

    assert [label.to_wire() for label in labels] == [
        {"id": "a", "row": 0, "label": "yes", "source": "production"},
        {"id": "b", "row": 2, "label": "no", "eventTimeNs": 7, "source": "anna"},
    ]


@pytest.mark.parametrize(
    ("data", "fragment"),
    [
        pytest.param(b"{", "not JSON", id="torn"),
        pytest.param(b"[]", "list `labels`", id="a list"),
        pytest.param(body(), "list `labels`", id="empty"),
        pytest.param(body(5), "labels[0] must be an object", id="a number"),
        pytest.param(body({"id": "a", "label": "y", "x": 1}), "labels[0]", id="unknown field"),
        pytest.param(body({"label": "y"}), "labels[0].id", id="no id"),
        pytest.param(body({"id": "a", "label": 1}), "labels[0].label", id="label is a number"),
        pytest.param(
            body({"id": "a", "label": "y"}, {"id": "a", "label": "y", "row": -1}),
            "labels[1].row",
            id="negative row",
        ),
        pytest.param(
            body({"id": "a", "label": "y", "event_time": "now"}),
            "labels[0].event_time",
            id="time is text",
        ),
        pytest.param(
            body({"id": "a", "label": "y", "event_time": 2**63}),
            "labels[0].event_time",
            id="time beyond int64",
        ),
        pytest.param(
            body({"id": "a", "label": "y", "event_time": -1}),
            "labels[0].event_time",
            id="time before 1970",
        ),
        pytest.param(body({"id": "a", "label": "maybe"}), "no class of the model", id="class"),
    ],
)
def test_labels_that_are_refused(data: bytes, fragment: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read_labels(data, ["y", "n"])

    assert fragment in refused.value.message


def outbox(tmp_path: Path, most_bytes: int = MEBIBYTE) -> Outbox:
    return Outbox(lambda: LocalStore(tmp_path), most_bytes)


def test_a_flush_writes_one_batch_in_order_of_arrival(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    buffer = FeedbackBuffer(Naming("pod", 1), box)
    for name, later in (("a", 0), ("b", 7)):
        buffer.add(read_labels(body({"id": name, "label": "y"}), []), 86_400_000_000_000 + later)
    buffer.flush("m")
    buffer.flush("m")
    box.start()
    box.close(10.0)

    (entry,) = LocalStore(tmp_path).list("serving/")
    assert entry.key == "serving/m/feedback/1970-01-02/pod-1-00000000.json"
    batch = FeedbackBatch.from_bytes(LocalStore(tmp_path).get(entry.key))
    assert isinstance(batch, FeedbackBatch)
    assert [label.id for label in batch.labels] == ["a", "b"]
    assert (batch.received_ns, batch.complete_ns) == (86_400_000_000_000, 86_400_000_000_007)


def test_labels_wait_where_there_is_no_room(tmp_path: Path) -> None:
    box = outbox(tmp_path, most_bytes=100)
    buffer = FeedbackBuffer(Naming("pod", 1), box)
    buffer.add(read_labels(body({"id": "a", "label": "y"}), []), 0)
    buffer.flush("m")

    assert box.dropped.total() == 0
    assert box.waiting_bytes == 0
