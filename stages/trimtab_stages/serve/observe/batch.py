"""Answered rows of one version as arrays, on their way into panes, captured rows and records."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.decision_record import NO_DECISION, hash_id
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.model.signature import DECISION
from trimtab_stages.serve.observe.columns import Columns, Matrix, columns_of
from trimtab_stages.serve.oip.tensors import Tensor
from trimtab_stages.serve.plan.version import ServedVersion


@dataclass(slots=True)
class Answered:
    """One answered request.

    Attributes:
        id: inference id.
        inputs: input name -> values.
        results: output name -> values.
        rows: number of rows.
        size: bytes of the request's body, which the inputs keep alive.
        event_time: int64 [rows] or [] nanoseconds; None for the time of arrival.
        received_ns: arrival, nanoseconds since 1970, UTC.
        revision_prefix: first 8 bytes of the plan's revision.
    """

    id: str
    inputs: dict[str, Tensor]
    results: Results
    rows: int
    size: int
    event_time: NDArray[np.int64] | None
    received_ns: int
    revision_prefix: bytes


@dataclass(frozen=True, slots=True)
class VersionView:
    """How the rows of a version are looked at.

    Attributes:
        digest: the version.
        columns: its inputs as columns.
        score: name of its score output, None when it has none.
        decides: whether it has the output `decision`.
    """

    digest: str
    columns: Columns
    score: str | None
    decides: bool


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows of several requests, as arrays of n rows.

    Attributes:
        numeric: float32 [n, F].
        categorical: strings [n, C].
        scores: float32 [n, K]; K is 0 where the graph has no score.
        decisions: int64 [n], `NO_DECISION` where nothing was decided.
        event_ns: int64 [n].
        received_ns: int64 [n].
        row: int32 [n], row in the request.
        request: int64 [n], index into `requests`.
        requests: the requests.
        id_hashes: `hash_id` of each request's id.
    """

    numeric: Matrix
    categorical: Tensor
    scores: Matrix
    decisions: NDArray[np.int64]
    event_ns: NDArray[np.int64]
    received_ns: NDArray[np.int64]
    row: NDArray[np.int32]
    request: NDArray[np.int64]
    requests: list[Answered]
    id_hashes: list[bytes]

    def take(self, chosen: NDArray[np.int64]) -> "RowBatch":
        """Return some rows, by index; the arrays are copies."""
        return RowBatch(
            self.numeric[chosen],
            self.categorical[chosen],
            self.scores[chosen],
            self.decisions[chosen],
            self.event_ns[chosen],
            self.received_ns[chosen],
            self.row[chosen],
            self.request[chosen],
            self.requests,
            self.id_hashes,
        )


def view_of(version: ServedVersion) -> VersionView:
    """Return how a version's rows are looked at."""
    signature = version.model.signature
    score = version.model.score
    decides = any(spec.name == DECISION for spec in signature.outputs)
    return VersionView(
        digest=version.plan.digest,
        columns=columns_of(signature, version.plan.features, version.loaded.reference),
        score=score.name if score is not None and signature.common_rows else None,
        decides=decides and signature.common_rows,
    )


def build_batch(view: VersionView, requests: list[Answered]) -> RowBatch:
    """Return the rows of some requests, in their order."""
    counts = np.array([request.rows for request in requests], dtype=np.int64)
    rows = int(counts.sum())
    index = np.repeat(np.arange(len(requests)), counts)
    inputs = _joined([request.inputs for request in requests])
    results = _joined([request.results for request in requests])
    received = np.array([request.received_ns for request in requests], dtype=np.int64)[index]
    starts = np.cumsum(counts) - counts
    return RowBatch(
        numeric=view.columns.numeric_matrix(inputs, rows),
        categorical=view.columns.categorical_matrix(inputs, rows),
        scores=_scores(view, results, rows),
        decisions=results[DECISION] if view.decides else np.full(rows, NO_DECISION, np.int64),
        event_ns=_event_times(requests, received, starts),
        received_ns=received,
        row=(np.arange(rows) - starts[index]).astype(np.int32),
        request=index,
        requests=requests,
        id_hashes=[hash_id(request.id) for request in requests],
    )


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    if len(parts) == 1:
        return parts[0]
    return {name: _concatenated([part[name] for part in parts]) for name in parts[0]}


def _concatenated(parts: list[Tensor]) -> Tensor:
    """Join along the rows; tensors without common rows are never read and may stay apart."""
    if parts[0].ndim == 0 or len({part.shape[1:] for part in parts}) > 1:
        return parts[0]
    return np.concatenate(parts)


def _scores(view: VersionView, results: dict[str, Tensor], rows: int) -> Matrix:
    if view.score is None:
        return np.empty((rows, 0), np.float32)
    return results[view.score].reshape(rows, -1).astype(np.float32, copy=False)


def _event_times(
    requests: list[Answered], received: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    times = received.copy()
    for request, start in zip(requests, starts.tolist(), strict=True):
        if request.event_time is not None:
            times[start : start + request.rows] = request.event_time
    return times
