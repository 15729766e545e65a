"""First runs of a loaded graph: golden request, merge probe and call time."""

from collections.abc import Callable

import numpy as np

from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.serve.errors import OutOfMemoryError, RequestError
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.model.run_estimate import Pace
from trimtab_stages.serve.model.session import OnnxModel, needs_more_memory
from trimtab_stages.serve.model.signature import CATEGORIES, FEATURES, can_merge, score_output
from trimtab_stages.serve.oip.datatypes import FLOATING, NUMPY_DTYPES
from trimtab_stages.serve.oip.tensors import VARIABLE, Tensor, TensorSpec

PROBE_ROWS = 8
TIMED_RUNS = 5
TIMED_ROWS = 32
MERGE_TOLERANCE = 1e-4


def warm(model: OnnxModel, golden: GoldenRequest | None, clock: Callable[[], float]) -> Pace:
    """Run a graph for the first times.

    Args:
        model: the loaded graph.
        golden: request whose answer is known; without one the graph is run on made-up inputs, and a
            graph that refuses those is taken as it is.
        clock: the calling thread's processor time, seconds.

    Raises:
        VersionRefusedError: `GoldenRequestFailed`.
    """
    if golden is not None:
        check_golden(model, golden)
    rows = [_made_up_row(model, seed) for seed in range(PROBE_ROWS)]
    try:
        alone = [model.run(row) for row in rows]
        run_seconds = _fastest(model, rows[0], clock)
        if not _merges(model, rows, alone):
            return Pace(mergeable=False, run_seconds=run_seconds, row_seconds=run_seconds)
        many = {name: np.repeat(values, TIMED_ROWS, axis=0) for name, values in rows[0].items()}
        row_seconds = _fastest(model, many, clock) / TIMED_ROWS
        return Pace(mergeable=True, run_seconds=run_seconds, row_seconds=row_seconds)
    except OutOfMemoryError:
        raise needs_more_memory() from None
    except RequestError:
        return Pace(mergeable=False, run_seconds=0.0, row_seconds=0.0)


def check_golden(model: OnnxModel, golden: GoldenRequest) -> None:
    """Check that a graph gives the scores that its evidence was made with.

    Raises:
        VersionRefusedError: `GoldenRequestFailed`, with the largest difference.
    """
    output = score_output(model.signature)
    try:
        results = model.run(_golden_inputs(golden))
    except (RequestError, ValueError) as error:
        raise _golden_failed(f"the graph does not take it ({error})") from None
    if output is None:
        raise _golden_failed("the graph has no score output")
    expected = np.asarray(golden.scores, dtype=np.float64)
    scores = results[output.name].reshape(len(expected), -1).astype(np.float64)
    if scores.shape != expected.shape:
        raise _golden_failed(f"{scores.shape[1]} scores a row, expected {expected.shape[1]}")
    difference = float(np.max(np.abs(scores - expected), initial=0.0))
    if not difference <= golden.tolerance:
        raise _golden_failed(
            f"scores differ by up to {difference:.3g}, allowed are {golden.tolerance:.3g}"
        )


def _golden_inputs(golden: GoldenRequest) -> dict[str, Tensor]:
    rows = len(golden.scores)
    inputs: dict[str, Tensor] = {}
    if golden.numeric and golden.numeric[0]:
        inputs[FEATURES] = np.asarray(golden.numeric, dtype=np.float32).reshape(rows, -1)
    if golden.categorical and golden.categorical[0]:
        inputs[CATEGORIES] = np.asarray(golden.categorical, dtype=object).reshape(rows, -1)
    return inputs


def _golden_failed(cause: str) -> VersionRefusedError:
    return VersionRefusedError(
        ServingReason.GOLDEN_REQUEST_FAILED,
        f"golden request: {cause}; export the run again, or compare the ONNX Runtime versions of "
        "training and server",
    )


def _made_up_row(model: OnnxModel, seed: int) -> dict[str, Tensor]:
    random = np.random.default_rng(seed)
    return {spec.name: _made_up(spec, random) for spec in model.signature.inputs}


def _made_up(spec: TensorSpec, random: np.random.Generator) -> Tensor:
    shape = tuple(1 if size == VARIABLE else size for size in spec.shape)
    if spec.datatype == "BYTES":
        return np.full(shape, "", dtype=object)
    if spec.datatype in FLOATING:
        return random.standard_normal(shape).astype(NUMPY_DTYPES[spec.datatype])
    return np.zeros(shape, NUMPY_DTYPES[spec.datatype])


def _fastest(model: OnnxModel, inputs: dict[str, Tensor], clock: Callable[[], float]) -> float:
    seconds = []
    for _ in range(TIMED_RUNS):
        start = clock()
        model.run(inputs)
        seconds.append(clock() - start)
    return min(seconds)


def _merges(
    model: OnnxModel, rows: list[dict[str, Tensor]], alone: list[dict[str, Tensor]]
) -> bool:
    """Compare runs of single rows with one run of them all."""
    if not can_merge(model.signature):
        return False
    if any(len(values) != 1 for results in alone for values in results.values()):
        return False
    merged = model.run({name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
    return all(
        _same(np.concatenate([results[name] for results in alone]), merged[name]) for name in merged
    )


def _same(alone: Tensor, merged: Tensor) -> bool:
    if alone.shape != merged.shape:
        return False
    if alone.dtype.kind != "f":
        return bool(np.array_equal(alone, merged))
    return bool(
        np.allclose(alone, merged, rtol=MERGE_TOLERANCE, atol=MERGE_TOLERANCE, equal_nan=True)
    )
