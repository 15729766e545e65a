"""First runs of real graphs: golden request, merge probe, load check, crash markers."""

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from support import graphs
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.model.check import CheckOrder, check
from trimtab_stages.serve.model.checker import ChildOutcome, check_in_child, read_outcome
from trimtab_stages.serve.model.marker import CrashMarkers
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.model.warmup import check_golden, warm

WEIGHTS = np.array([[1.0], [-1.0]], np.float32)
DIGEST = f"sha256:{'a' * 64}"
GIBIBYTE = 1 << 30


def model(tmp_path: Path, graph: bytes) -> OnnxModel:
    path = tmp_path / "model.onnx"
    path.write_bytes(graph)
    return OnnxModel(path, threads=1)


def sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


@pytest.mark.parametrize(
    ("graph", "mergeable"),
    [
        pytest.param(graphs.linear_scores(WEIGHTS), True, id="rows apart"),
        pytest.param(graphs.with_categories(), True, id="with strings"),
        pytest.param(graphs.batch_mean(), False, id="rows depend on each other"),
        pytest.param(graphs.positives(), False, id="rows are dropped"),
        pytest.param(graphs.identity(TensorProto.FLOAT, [1, 2]), False, id="one row only"),
        pytest.param(graphs.identity(TensorProto.FLOAT, ["n", "k"]), False, id="ragged columns"),
    ],
)
def test_merging_is_tried_before_it_is_done(
    tmp_path: Path, graph: bytes, *, mergeable: bool
) -> None:
    assert warm(model(tmp_path, graph), None, time.thread_time).mergeable is mergeable


def test_a_graph_that_refuses_made_up_inputs_is_taken_as_it_is(tmp_path: Path) -> None:
    graph = graphs.identity(TensorProto.FLOAT, ["n", 2])
    pace = warm(model(tmp_path, graph), None, time.thread_time)

    assert pace.run_seconds > 0


def golden(scores: list[list[float]], **changes: object) -> GoldenRequest:
    return GoldenRequest.model_validate({"numeric": [[1, 0], [0, 1]], "scores": scores} | changes)


def test_the_golden_request_passes_within_its_tolerance(tmp_path: Path) -> None:
    graph = model(tmp_path, graphs.linear_scores(WEIGHTS))

    check_golden(graph, golden([[sigmoid(1) + 5e-5], [sigmoid(-1)]]))


@pytest.mark.parametrize(
    ("request_", "fragment"),
    [
        pytest.param(golden([[0.5], [0.5]]), "scores differ by up to 0.231", id="other scores"),
        pytest.param(
            golden([[0.5], [0.5]], numeric=[[1], [0]]), "does not take it", id="other columns"
        ),
        pytest.param(golden([[0.5, 0.5], [0.5, 0.5]]), "1 scores a row, expected 2", id="classes"),
    ],
)
def test_the_golden_request_fails_with_its_cause(
    tmp_path: Path, request_: GoldenRequest, fragment: str
) -> None:
    with pytest.raises(VersionRefusedError) as refused:
        check_golden(model(tmp_path, graphs.linear_scores(WEIGHTS)), request_)

    assert refused.value.reason is ServingReason.GOLDEN_REQUEST_FAILED
    assert fragment in refused.value.message


def test_the_golden_request_holds_categories(tmp_path: Path) -> None:
    request = GoldenRequest(
        numeric=[[0.0], [0.0]],
        categorical=[["high"], ["new"]],
        scores=[[sigmoid(0.5)], [sigmoid(0)]],
    )

    check_golden(model(tmp_path, graphs.with_categories(0.5)), request)


def test_a_run_that_the_graph_refuses_names_no_value(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        model(tmp_path, graphs.lookup(10)).run({"index": np.array([987654], np.int64)})

    assert "987654" not in refused.value.message


@pytest.mark.parametrize(
    ("graph", "features", "reason", "fragment"),
    [
        pytest.param(graphs.linear_scores(WEIGHTS), [], ServingReason.LOADED, "", id="any graph"),
        pytest.param(
            b"not a graph", [], ServingReason.INVALID_MODEL, "cannot load the file", id="garbage"
        ),
        pytest.param(
            graphs.linear_scores(WEIGHTS),
            [Feature(name="a"), Feature(name="w", kind=FeatureKind.CATEGORICAL)],
            ServingReason.WRONG_INPUTS,
            "takes 2 columns in `features`, the plan declares 1",
            id="wrong inputs",
        ),
    ],
)
def test_the_child_reports_what_it_finds(
    tmp_path: Path, graph: bytes, features: list[Feature], reason: ServingReason, fragment: str
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(graph)
    report = check(CheckOrder(path=str(path), features=features, memory_bytes=GIBIBYTE))

    assert report.reason is reason
    assert fragment in report.message
    assert str(tmp_path) not in report.message


@pytest.mark.parametrize(
    ("outcome", "fragment"),
    [
        (ChildOutcome(-9, b""), "killed by SIGKILL (memory allowed: 1024 MiB)"),
        (ChildOutcome(-11, b""), "killed by SIGSEGV"),
        (ChildOutcome(None, b""), "was not done after 5 s"),
        (ChildOutcome(1, b""), "ended with code 1"),
    ],
    ids=["out of memory", "segmentation fault", "time", "exit code"],
)
def test_a_child_that_does_not_come_back_is_a_crash(outcome: ChildOutcome, fragment: str) -> None:
    report = read_outcome(outcome, GIBIBYTE, 5.0)

    assert report.reason is ServingReason.CRASHED_ON_LOAD
    assert fragment in report.message


def test_a_graph_that_needs_more_memory_than_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(graphs.memory_hungry(mebibytes=512))
    order = CheckOrder(path=str(path), memory_bytes=GIBIBYTE // 4)

    with pytest.raises(VersionRefusedError) as refused:
        asyncio.run(check_in_child(order, 60.0))

    assert refused.value.reason is ServingReason.CRASHED_ON_LOAD


def test_a_mark_that_an_earlier_process_left_is_a_crash(tmp_path: Path) -> None:
    first = CrashMarkers(tmp_path / "marks")
    first.begin(DIGEST)

    assert first.crashed == frozenset()
    assert CrashMarkers(tmp_path / "marks").crashed == {DIGEST}

    first.end(DIGEST)
    assert CrashMarkers(tmp_path / "marks").crashed == frozenset()
