"""Which rows and labels of a window are looked at, in whatever portions they are stored."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trimtab_operator.storage.window_records import (
    Span,
    WindowRecords,
    read_window_labels,
    read_window_records,
)
from trimtab_stages.contract.decision_record import (
    MAGIC,
    DecisionRecord,
    digest_prefix,
    hash_id,
    pack,
)
from trimtab_stages.contract.feedback import FeedbackBatch, Label

VERSION, OTHER = (f"sha256:{digit * 64}" for digit in "ab")
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEGIN = int(START.timestamp()) * 10**9
SPAN = Span(VERSION, START, START + timedelta(seconds=100), None)


def record(name: str, second: float, *, version: str = VERSION, received: int = 0) -> bytes:
    return pack(
        DecisionRecord(
            id_hash=hash_id(name),
            row=0,
            decision=1,
            event_ns=BEGIN + round(second * 10**9),
            received_ns=received,
            version=digest_prefix(version),
            revision=digest_prefix(version),
            score=0.5,
        )
    )


def read(blocks: dict[str, bytes], span: Span = SPAN, most_rows: int = 1000) -> WindowRecords:
    return read_window_records(blocks.__getitem__, span, list(blocks), most_rows)


def test_rows_of_the_version_and_the_window_are_taken() -> None:
    rows = [
        record("first", 0),
        record("before", -1),
        record("other", 5, version=OTHER),
        record("last", 99.9),
        record("after", 100),
    ]
    found = read({"a": MAGIC + b"".join(rows)})
    assert [one.tobytes() for one in found.rows.id_hash] == [hash_id("first"), hash_id("last")]
    assert found.share == 1


def test_rows_that_came_after_the_window_had_closed_are_left_out() -> None:
    block = MAGIC + record("in-time", 1, received=7) + record("late", 2, received=8)
    found = read({"a": block}, Span(VERSION, SPAN.start, SPAN.end, closed_ns=7))
    assert [one.tobytes() for one in found.rows.id_hash] == [hash_id("in-time")]


@pytest.mark.parametrize("portion", [1, 7, 400])
@pytest.mark.parametrize(
    ("most", "share"), [(400, 1.0), (399, 0.5), (150, 0.25)], ids=["all", "half", "quarter"]
)
def test_the_sample_is_the_same_in_whatever_portions_rows_are_stored(
    portion: int, most: int, share: float
) -> None:
    rows = [record(f"r{number}", number / 4) for number in range(400)]
    blocks = {
        f"{start:04d}": MAGIC + b"".join(rows[start : start + portion])
        for start in range(0, 400, portion)
    }
    found, whole = read(blocks, most_rows=most), read({"a": MAGIC + b"".join(rows)}, most_rows=most)
    assert found.share == whole.share == share
    assert len(found.rows) <= most
    assert len(found.rows) == pytest.approx(400 * share, rel=0.25)
    assert np.array_equal(found.rows.id_hash, whole.rows.id_hash)


def test_rows_of_one_event_time_stay_together() -> None:
    rows = [record(f"r{number}", number % 100) for number in range(400)]
    found = read({"a": MAGIC + b"".join(rows)}, most_rows=200)
    counts = np.unique(found.rows.event_ns, return_counts=True)[1]
    assert set(counts.tolist()) == {4}


def batch(*names: str) -> bytes:
    return FeedbackBatch(
        model="m", received_ns=5, labels=[Label(id=name, label="x") for name in names]
    ).to_bytes()


def test_only_labels_of_these_rows_are_kept() -> None:
    rows = read({"a": MAGIC + record("one", 1) + record("two", 2)}).rows
    stored = {
        "k1": batch("zero", "two", "one"),
        "k0": batch("nobody"),
        "k2": batch("one"),
    }
    found = read_window_labels(stored.__getitem__, rows, list(stored))
    assert {key: [label.id for label in one.labels] for key, one in found.items()} == {
        "k1": ["two", "one"],
        "k2": ["one"],
    }
    assert list(found) == ["k1", "k2"]


def test_a_window_without_rows_has_no_labels() -> None:
    rows = read({}).rows
    assert read_window_labels({"k": batch("a")}.__getitem__, rows, ["k"]) == {}
