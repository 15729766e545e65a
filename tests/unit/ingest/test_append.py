"""Captured rows behind a file's: which take part, where the others stand, and that none is lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.capturing import (
    FILE_HOURS,
    OTHER_VERSION,
    RULES,
    VERSION,
    Served,
    file_text,
    make_plan,
    time_of,
    traffic,
    write_labels,
    write_traffic,
)
from support.ingesting import Ingested, ingest
from trimtab_stages.contract import layout
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.feedback import Label
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.store import LocalStore

THROUGH = FILE_HOURS + 100
TRAFFIC = traffic(FILE_HOURS, THROUGH)
PLAN = make_plan(THROUGH)
RIGHT = {"z": TRAFFIC[50].z, "c": TRAFFIC[50].c, "label": TRAFFIC[50].label}
FILE_ROW = Served("again", 130, "1", z=0.0, c="dry")
"""What the file says of hour 130."""


def run(
    folder: Path,
    rows: Sequence[Served],
    plan: CapturePlan = PLAN,
    rules: IngestRules = RULES,
    pod_of: Callable[[int], str] = lambda _: "pod-0",
) -> Ingested:
    """Ingest the file with some traffic."""
    write_traffic(store_in(folder), rows, pod_of)
    return ingest(folder, {"d.csv": file_text()}, rules, plan=plan)


def store_in(folder: Path) -> LocalStore:
    """Return the store that `run` uses."""
    (folder / "store").mkdir(parents=True, exist_ok=True)
    return LocalStore(folder / "store")


def set_aside(made: Ingested) -> dict[str, int]:
    """Return how many captured rows each rule has set aside."""
    return {
        count.rule: count.filtered
        for count in made.manifest.counts
        if count.filtered and count.rule not in {"Target", "Split"}
    }


def with_row(**changes: Any) -> list[Served]:
    """Return the traffic with row 50 changed."""
    rows = list(TRAFFIC)
    rows[50] = replace(rows[50], **changes)
    return rows


def test_captured_rows_follow_the_files(tmp_path: Path) -> None:
    made = run(tmp_path, TRAFFIC)
    rows = made.rows().to_pylist()
    assert len(rows) == FILE_HOURS + len(TRAFFIC)
    assert [row["ts"] for row in rows] == [time_of(hour) for hour in range(THROUGH)]
    last = rows[-1]
    assert last["busy"] == int(str(TRAFFIC[-1].label))
    assert last["z"] == pytest.approx(TRAFFIC[-1].z, rel=1e-6)
    assert last["c"] == TRAFFIC[-1].c
    assert last["site"] is None
    assert made.manifest.captured_rows == made.commit.captured_rows == len(TRAFFIC)
    assert made.manifest.captured_through == made.commit.captured_through == time_of(THROUGH)
    assert made.commit.newest_row == time_of(THROUGH - 1)
    assert made.manifest.rows_in == FILE_HOURS + len(TRAFFIC)
    assert "100 of the kept ones were captured before 2025-01-13T12:00:00Z" in made.commit.message
    assert made.figures()["rows"]["captured"] == len(TRAFFIC)
    assert made.figures()["timeBins"][-1] > "2025-01-13"


def test_the_file_alone_gives_the_threshold(tmp_path: Path) -> None:
    alone = ingest(tmp_path / "alone", {"d.csv": file_text()}, RULES)
    with_traffic = run(tmp_path / "with", [replace(row, z=9.0) for row in TRAFFIC])
    assert with_traffic.manifest.target == alone.manifest.target
    assert with_traffic.manifest.features == alone.manifest.features


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(TRAFFIC, {}, id="every row takes part"),
        pytest.param(with_row(label=None), {"CapturedUnlabelled": 1}, id="no label"),
        pytest.param(with_row(label="maybe"), {"CapturedFaulty": 1}, id="no class of the target"),
        pytest.param(with_row(z=float("nan")), {"CapturedFaulty": 1}, id="a missing value"),
        pytest.param(with_row(z=10.5), {"CapturedFaulty": 1}, id="outside the column's range"),
        pytest.param(with_row(z=10.0), {}, id="at the end of the column's range"),
        pytest.param(with_row(c="snow"), {"CapturedFaulty": 1}, id="no declared category"),
        pytest.param(
            [*TRAFFIC, replace(TRAFFIC[50], id="retry")], {"CapturedDuplicates": 1}, id="a replay"
        ),
        pytest.param(
            [*TRAFFIC, replace(TRAFFIC[50], id="retry", z=0.77)], {}, id="another row of that time"
        ),
        pytest.param(
            [*TRAFFIC, replace(TRAFFIC[50], id="retry", label=None)],
            {"CapturedUnlabelled": 1},
            id="a replay without a label",
        ),
    ],
)
def test_where_a_row_stands(rows: list[Served], expected: dict[str, int], tmp_path: Path) -> None:
    made = run(tmp_path, rows)
    assert set_aside(made) == expected
    assert made.manifest.captured_rows == len(rows) - sum(expected.values())
    assert made.manifest.rows_in == FILE_HOURS + len(rows)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(Served("late", THROUGH), id="at the end of the decided window"),
        pytest.param(Served("early", FILE_HOURS - 1), id="at the file's newest row"),
        pytest.param(
            replace(TRAFFIC[50], shadow=True, version=OTHER_VERSION), id="a shadow's copy"
        ),
    ],
)
def test_rows_that_are_not_asked_for_change_nothing(row: Served, tmp_path: Path) -> None:
    made = run(tmp_path / "with", [*TRAFFIC, row])
    without = run(tmp_path / "without", TRAFFIC)
    assert made.manifest.counts == without.manifest.counts
    assert made.commit.snapshot == without.commit.snapshot


def test_a_row_that_the_file_holds_is_not_added_again(tmp_path: Path) -> None:
    plan = make_plan(THROUGH, "SlidingWindow", window_seconds=THROUGH * 3600)
    assert set_aside(run(tmp_path, [FILE_ROW, *TRAFFIC], plan)) == {"CapturedDuplicates": 1}


def test_windows_with_faults_are_left_out(tmp_path: Path) -> None:
    faults = [{"start": time_of(210), "end": time_of(220)}]
    made = run(tmp_path, TRAFFIC, make_plan(THROUGH, excluded=faults))
    assert set_aside(made) == {"CapturedExcluded": 10}
    times = {row["ts"] for row in made.rows().to_pylist()}
    assert time_of(209) in times
    assert time_of(220) in times
    assert not times & {time_of(hour) for hour in range(210, 220)}


def test_a_sliding_window_holds_for_the_files_rows_too(tmp_path: Path) -> None:
    plan = make_plan(THROUGH, "SlidingWindow", window_seconds=150 * 3600)
    made = run(tmp_path, TRAFFIC, plan)
    assert set_aside(made) == {"Window": FILE_HOURS - 50}
    assert made.rows()["ts"][0].as_py() == time_of(THROUGH - 150)
    assert made.rows().num_rows == 150


def test_captured_rows_before_the_sliding_window_are_not_read(tmp_path: Path) -> None:
    plan = make_plan(THROUGH, "SlidingWindow", window_seconds=60 * 3600)
    made = run(tmp_path, TRAFFIC, plan)
    assert made.manifest.captured_rows == 60
    assert made.manifest.rows_in == FILE_HOURS + 60


def test_the_last_label_wins(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    row = TRAFFIC[50]
    told = {"0": "1", "1": "0"}[str(row.label)]
    write_labels(store, [Label(id=row.id, label=told)], received_ns=10**6)
    write_labels(store, [Label(id=row.id, label="2")], received_ns=-1, writer="pod-a-0")
    made = run(tmp_path, TRAFFIC)
    (found,) = [one for one in made.rows().to_pylist() if one["ts"] == time_of(row.hour)]
    assert found["busy"] == int(told)


def test_a_label_is_of_one_row_of_its_request(tmp_path: Path) -> None:
    write_labels(store_in(tmp_path), [Label(id="r250", row=1, label="1")], received_ns=10**6)
    assert set_aside(run(tmp_path, with_row(label=None))) == {"CapturedUnlabelled": 1}


def test_the_newest_rows_are_the_test_split_and_the_embargo_holds(tmp_path: Path) -> None:
    rules = IngestRules.model_validate(
        RULES.to_wire() | {"split": {"embargoSeconds": 2 * 3600, "test": "0.2"}}
    )
    made = run(tmp_path, TRAFFIC, rules=rules)
    assert made.manifest.split("test").rows == 60
    assert made.manifest.split("test").start == time_of(THROUGH - 60)
    assert made.manifest.split("validation").end == time_of(THROUGH - 60 - 3)


def test_labels_that_reach_into_the_next_split_are_set_aside(tmp_path: Path) -> None:
    rules = IngestRules.model_validate(
        RULES.to_wire() | {"target": RULES.target.to_wire() | {"horizonSteps": 5}}
    )
    made = run(tmp_path, TRAFFIC, rules=rules)
    assert made.manifest.split("validation").end == (
        made.manifest.split("test").start - (time_of(6) - time_of(0))
    )


def test_labels_that_turn_are_refused_as_a_files_are(tmp_path: Path) -> None:
    rules = IngestRules.model_validate(
        RULES.to_wire() | {"target": RULES.target.to_wire() | {"maxRateChange": "0.3"}}
    )
    rows = [replace(row, label="1" if number % 10 else "0") for number, row in enumerate(TRAFFIC)]
    with pytest.raises(StageError, match=r"a change above `spec\.target\.maxRateChange") as raised:
        run(tmp_path, rows, rules=rules)
    assert raised.value.reason is StageReason.VALIDATION_FAILED


def test_a_missing_feature_is_named_with_the_version_that_lacks_it(tmp_path: Path) -> None:
    rules = IngestRules.model_validate(RULES.to_wire() | {"lags": [{"column": "x", "steps": [24]}]})
    with pytest.raises(StageError, match=r"Model `bikes`, version sha256:aaaaaaaaaaaa, lack") as (
        raised
    ):
        run(tmp_path, TRAFFIC, rules=rules)
    assert raised.value.reason is StageReason.MISSING_COLUMN
    assert "feature `x_lag24`; they hold z, hour_of_day_sin" in raised.value.message


def test_an_object_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    bucket = TRAFFIC[0].time_ns // 10**9
    key = layout.captured("bikes", VERSION, bucket, "pod-x")
    store_in(tmp_path).put_if_absent(key, b'{"model": "bikes"}')
    with pytest.raises(StageError, match=f"{key} cannot be read") as raised:
        run(tmp_path, TRAFFIC)
    assert raised.value.reason is StageReason.UNREADABLE_FILE


def test_without_any_captured_row_the_files_rows_are_split(tmp_path: Path) -> None:
    made = run(tmp_path, [])
    alone = ingest(tmp_path / "alone", {"d.csv": file_text()}, RULES)
    assert made.manifest.captured_rows == 0
    assert made.commit.snapshot == alone.commit.snapshot


SERVED = st.builds(
    Served,
    id=st.integers(0, 400).map(lambda number: f"q{number}"),
    hour=st.integers(FILE_HOURS - 40, THROUGH + 20),
    label=st.sampled_from([None, "0", "1", "maybe"]),
    z=st.sampled_from([0.25, 0.5, 11.0, float("inf")]),
    c=st.sampled_from(["dry", "wet", "snow"]),
    shadow=st.sampled_from([False, False, True]),
    version=st.sampled_from([VERSION, OTHER_VERSION]),
)
UNIQUE = st.lists(SERVED, max_size=80, unique_by=lambda row: row.id)
PLANS = st.sampled_from(
    [
        PLAN,
        make_plan(THROUGH, excluded=[{"start": time_of(230), "end": time_of(260)}]),
        make_plan(THROUGH, "SlidingWindow", window_seconds=130 * 3600),
    ]
)


@settings(deadline=None, max_examples=15)
@given(rows=UNIQUE, plan=PLANS, seed=st.integers(0, 9))
def test_every_row_is_accounted_for_however_pods_hold_them(
    rows: list[Served], plan: CapturePlan, seed: int
) -> None:
    pods = np.random.default_rng(seed).integers(0, 10**6, len(rows) + len(TRAFFIC))
    names = [f"pod-{pod % 7}-{pod}" for pod in pods.tolist()]
    with TemporaryDirectory() as one, TemporaryDirectory() as many:
        made = run(Path(one), [*rows, *TRAFFIC], plan)
        other = run(Path(many), [*rows, *TRAFFIC], plan, pod_of=lambda number: names[number])
        times = np.asarray(made.rows()["ts"].cast("int64"))
    manifest = made.manifest
    kept = manifest.rows_kept + manifest.rows_quarantined + manifest.rows_filtered
    assert kept == manifest.rows_in
    assert (np.diff(times) >= 0).all()
    assert other.commit.snapshot == made.commit.snapshot
    assert [(c.rule, c.filtered) for c in other.manifest.counts] == [
        (c.rule, c.filtered) for c in manifest.counts
    ]
