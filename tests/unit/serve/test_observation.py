"""Panes, captured rows and decision records of answered rows."""

import base64
from pathlib import Path

import numpy as np
import pytest

from support import graphs
from trimtab_stages.contract.decision_record import MAGIC, digest_prefix, hash_id, unpack_block
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.pane import OTHER, Pane
from trimtab_stages.contract.serving_plan import (
    CategoricalReference,
    NumericReference,
    PlanVersion,
    ReferenceProfile,
)
from trimtab_stages.serve.model.run_estimate import Pace
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.observe.batch import Answered, RowBatch, VersionView, build_batch, view_of
from trimtab_stages.serve.observe.capture import captured_rows, is_sampled, keep, sampled_rows
from trimtab_stages.serve.observe.cells import Cells, cells_of
from trimtab_stages.serve.observe.pane_sums import PaneIdentity, PaneSums
from trimtab_stages.serve.observe.records import pack_batch
from trimtab_stages.serve.oip.tensors import Limits
from trimtab_stages.serve.plan.version import LoadedModel, ServedVersion, VersionSettings
from trimtab_stages.serve.settings import RunSettings

DIGEST = f"sha256:{'ab' * 32}"
REVISION = f"sha256:{'cd' * 32}"
IDENTITY = PaneIdentity("m", DIGEST, 0, 300, shadow=False, writer="pod-1-0")
REFERENCE = ReferenceProfile(
    snapshot=DIGEST,
    rows=4,
    numeric=[NumericReference(name="x", edges=[0.1, 0.7], counts=[1, 2, 1], mean=0.5, std=1)],
    categorical=[CategoricalReference(name="ward", counts={"high": 3, "low": 1})],
    score_counts=[0] * 50,
)
FEATURES = [Feature(name="x"), Feature(name="ward", kind=FeatureKind.CATEGORICAL)]


@pytest.fixture
def version(tmp_path: Path) -> ServedVersion:
    path = tmp_path / "model.onnx"
    path.write_bytes(graphs.with_categories())
    loaded = LoadedModel(
        OnnxModel(path, threads=1), Pace(mergeable=True, run_seconds=0, row_seconds=0), REFERENCE
    )
    plan = PlanVersion(digest=DIGEST, key="k", threshold=0.5, features=FEATURES)
    return ServedVersion(plan, loaded, VersionSettings(RunSettings(), Limits()))


def answer(
    version: ServedVersion,
    name: str,
    values: list[float],
    wards: list[str],
    event_time: list[int] | int | None = None,
) -> Answered:
    inputs = {
        "features": np.array(values, np.float32).reshape(-1, 1),
        "categories": np.array(wards, object).reshape(-1, 1),
    }
    return Answered(
        id=name,
        inputs=inputs,
        results=version.model.run(inputs),
        rows=len(values),
        size=0,
        event_time=None if event_time is None else np.array(event_time, np.int64),
        received_ns=1000 + len(name),
        revision_prefix=digest_prefix(REVISION),
    )


def batch_of(version: ServedVersion, *requests: Answered) -> tuple[VersionView, Cells, RowBatch]:
    view = view_of(version)
    cells = cells_of(view.columns, REFERENCE)
    return view, cells, build_batch(view, list(requests))


def test_a_batch_keeps_every_row_with_its_request(version: ServedVersion) -> None:
    _, _, batch = batch_of(
        version,
        answer(version, "a", [1, 2], ["high", "low"]),
        answer(version, "bb", [3], ["new"], event_time=5),
        answer(version, "ccc", [4, 5], ["low", "low"], event_time=[7, 8]),
    )

    assert batch.numeric[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert batch.categorical[:, 0].tolist() == ["high", "low", "new", "low", "low"]
    assert batch.row.tolist() == [0, 1, 0, 0, 1]
    assert batch.request.tolist() == [0, 0, 1, 2, 2]
    assert batch.event_ns.tolist() == [1001, 1001, 5, 7, 8]
    assert batch.received_ns.tolist() == [1001, 1001, 1002, 1003, 1003]
    assert batch.decisions.tolist() == [1, 1, 1, 1, 1]
    assert batch.scores.shape == (5, 1)


def pane_of(version: ServedVersion, *requests: Answered) -> Pane:
    _, cells, batch = batch_of(version, *requests)
    sums = PaneSums(cells)
    sums.add(batch)
    return sums.to_pane(IDENTITY)


def test_a_pane_counts_in_the_cells_of_the_reference(version: ServedVersion) -> None:
    values = [-1.0, 0.1, 0.5, 0.7, 9.0, np.nan, np.inf]
    wards = ["high", "high", "low", "new", "other", "low", ""]
    pane = pane_of(version, answer(version, "a", values, wards, event_time=list(range(7))))
    cells = pane.numeric["x"]

    assert pane.rows == 7
    assert cells.counts == [1, 2, 2]
    assert cells.missing == 2
    assert cells.total == pytest.approx(sum(v - 0.5 for v in values[:5]), abs=1e-6)
    assert cells.squares == pytest.approx(sum((v - 0.5) ** 2 for v in values[:5]), rel=1e-6)
    assert (cells.min, cells.max) == (-1.0, 9.0)
    assert pane.categorical == {"ward": {"high": 2, "low": 2, OTHER: 3}}
    assert (pane.first_event_ns, pane.last_event_ns) == (0, 6)
    assert sum(pane.decisions.values()) == 7


def test_scores_are_counted_in_equal_cells(version: ServedVersion) -> None:
    pane = pane_of(version, answer(version, "a", [0.0, 20.0, -20.0, np.nan], ["low"] * 4))

    assert {cell: count for cell, count in enumerate(pane.score_counts) if count} == {
        0: 1,
        25: 1,
        49: 1,
    }
    assert pane.score_sums[25] == pytest.approx(0.5)


def test_one_pane_of_all_rows_equals_the_sum_of_panes_of_parts(version: ServedVersion) -> None:
    random = np.random.default_rng(3)
    requests = [
        answer(version, f"r{n}", random.normal(size=n + 1).tolist(), ["high"] * (n + 1), n)
        for n in range(20)
    ]
    whole = pane_of(version, *requests)
    parts = [pane_of(version, request) for request in requests]

    assert whole.rows == sum(part.rows for part in parts)
    for field in ("score_counts", "score_sums"):
        summed = np.sum([getattr(part, field) for part in parts], axis=0)
        assert getattr(whole, field) == pytest.approx(summed.tolist())
    cells = [part.numeric["x"] for part in parts]
    assert whole.numeric["x"].counts == np.sum([cell.counts for cell in cells], axis=0).tolist()
    assert whole.numeric["x"].total == pytest.approx(sum(cell.total for cell in cells))
    assert whole.numeric["x"].min == min(cell.min for cell in cells if cell.min is not None)


def test_no_finite_value_leaves_min_and_max_open(version: ServedVersion) -> None:
    cells = pane_of(version, answer(version, "a", [np.nan], ["low"])).numeric["x"]

    assert (cells.min, cells.max, cells.missing, cells.counts) == (None, None, 1, [0, 0, 0])


def test_every_row_leaves_a_record_that_names_request_version_and_revision(
    version: ServedVersion,
) -> None:
    _, _, batch = batch_of(
        version,
        answer(version, "a", [20.0, -20.0], ["low", "low"], event_time=[3, 4]),
        answer(version, "bb", [0.0], ["low"]),
    )
    records = list(unpack_block(MAGIC + pack_batch(batch, DIGEST)))

    assert [record.id_hash for record in records] == [hash_id("a")] * 2 + [hash_id("bb")]
    assert [record.row for record in records] == [0, 1, 0]
    assert [record.decision for record in records] == [1, 0, 1]
    assert [record.event_ns for record in records] == [3, 4, 1002]
    assert [record.received_ns for record in records] == [1001, 1001, 1002]
    assert {record.version for record in records} == {digest_prefix(DIGEST)}
    assert {record.revision for record in records} == {digest_prefix(REVISION)}
    assert records[0].score == pytest.approx(1.0)


def test_captured_rows_are_whole_and_joined_by_id(version: ServedVersion) -> None:
    view, _, batch = batch_of(
        version,
        answer(version, "a", [1.5, 2.5], ["high", "low"]),
        answer(version, "b", [3.5], ["new"]),
    )
    chosen = np.array([1, 2])
    rows = captured_rows("m", view, [keep(batch.take(chosen))])

    assert rows.ids == ["a#1", "b#0"]
    assert rows.numeric_columns == ["x"]
    assert np.frombuffer(base64.b64decode(rows.numeric), "<f4").tolist() == [2.5, 3.5]
    assert rows.categorical == [["low"], ["new"]]
    assert len(base64.b64decode(rows.scores)) == 8
    assert rows.decisions == [1, 1]


@pytest.mark.parametrize(
    ("fraction", "low", "high"), [(0.0, 0, 0), (0.1, 60, 140), (1.0, 1000, 1000)]
)
def test_sampling_keeps_the_share_of_ids(
    version: ServedVersion, fraction: float, low: int, high: int
) -> None:
    requests = [answer(version, f"id-{n}", [0.0], ["low"]) for n in range(1000)]
    _, _, batch = batch_of(version, *requests)
    kept = sampled_rows(batch, fraction)

    assert low <= len(kept) <= high
    assert all(is_sampled(hash_id(f"id-{n}"), fraction) for n in kept)


def test_nobodys_features_are_columns_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(graphs.linear_scores(np.ones((2, 1), np.float32)))
    loaded = LoadedModel(
        OnnxModel(path, threads=1), Pace(mergeable=True, run_seconds=0, row_seconds=0), None
    )
    settings = VersionSettings(RunSettings(), Limits())
    foreign = ServedVersion(PlanVersion(digest=DIGEST, key="k"), loaded, settings)

    assert view_of(foreign).columns.numeric_names == ["features_0", "features_1"]
    assert cells_of(view_of(foreign).columns, None).numeric.names == ()
