"""Mergeable sums over rows: what becomes a pane."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.decision_record import NO_DECISION
from trimtab_stages.contract.pane import OTHER, SCORE_CELLS, NumericCells, Pane
from trimtab_stages.serve.observe.batch import RowBatch
from trimtab_stages.serve.observe.cells import Cells, score_cells
from trimtab_stages.serve.observe.columns import Matrix
from trimtab_stages.serve.observe.exact_sums import ExactSums


@dataclass(frozen=True, slots=True)
class PaneIdentity:
    """What a pane is of.

    Attributes:
        model: name of the model.
        version: digest of the version.
        bucket: start of the event-time bucket, seconds since 1970, UTC.
        bucket_seconds: its length.
        shadow: rows that were scored after the reply.
        writer: `<pod>-<start>-<sequence>`.
        lost_rows: rows that the process before this one took with it, in its first pane.
    """

    model: str
    version: str
    bucket: int
    bucket_seconds: int
    shadow: bool
    writer: str
    lost_rows: int = 0


class PaneSums:
    """Sums of one version and event-time bucket since the last flush; O(cells) memory.

    Attributes:
        rows: rows added.
    """

    def __init__(self, cells: Cells) -> None:
        features = len(cells.numeric.names)
        self.rows = 0
        self._cells = cells
        self._counts = np.zeros(cells.numeric.size, np.int64)
        self._missing = np.zeros(features, np.int64)
        self._totals = ExactSums(features)
        self._squares = ExactSums(features)
        self._min = np.full(features, np.inf)
        self._max = np.full(features, -np.inf)
        self._categories: dict[str, Counter[str]] = {
            cell.name: Counter() for cell in cells.categorical
        }
        self._score_counts = np.zeros(SCORE_CELLS, np.int64)
        self._score_sums = np.zeros(SCORE_CELLS)
        self._decisions: Counter[int] = Counter()
        self._first_ns = np.iinfo(np.int64).max
        self._last_ns = 0
        self._first_received_ns = np.iinfo(np.int64).max
        self._last_received_ns = 0

    def add(self, batch: RowBatch) -> None:
        """Fold rows in."""
        self.rows += len(batch.row)
        self._first_ns = min(self._first_ns, int(batch.event_ns.min()))
        self._last_ns = max(self._last_ns, int(batch.event_ns.max()))
        self._first_received_ns = min(self._first_received_ns, int(batch.received_ns.min()))
        self._last_received_ns = max(self._last_received_ns, int(batch.received_ns.max()))
        if self._cells.numeric.names:
            self._add_numeric(batch.numeric[:, self._cells.numeric.columns])
        for cell in self._cells.categorical:
            values = Counter(batch.categorical[:, cell.column].tolist())
            for value, count in values.items():
                self._categories[cell.name][value if value in cell.known else OTHER] += count
        if batch.scores.shape[1]:
            self._add_scores(batch.scores)
        self._decisions.update(batch.decisions.tolist())

    def to_pane(self, identity: PaneIdentity) -> Pane:
        """Return the sums as a pane."""
        self._decisions.pop(NO_DECISION, None)
        return Pane(
            model=identity.model,
            version=identity.version,
            bucket=identity.bucket,
            bucket_seconds=identity.bucket_seconds,
            writer=identity.writer,
            rows=self.rows,
            lost_rows=identity.lost_rows,
            shadow=identity.shadow,
            numeric=dict(self._numeric_cells()),
            categorical={name: dict(counts) for name, counts in self._categories.items()},
            score_counts=self._score_counts.tolist(),
            score_sums=self._score_sums.tolist(),
            decisions={str(index): count for index, count in self._decisions.items()},
            first_event_ns=self._first_ns,
            last_event_ns=self._last_ns,
            first_received_ns=self._first_received_ns,
            last_received_ns=self._last_received_ns,
        )

    def _add_numeric(self, values: Matrix) -> None:
        cells = self._cells.numeric
        finite = np.isfinite(values)
        positions = cells.locate(values)
        deviations = values - cells.means
        if finite.all():
            low = high = values
            counted = positions.ravel()
        else:
            self._missing += len(values) - finite.sum(axis=0)
            low = np.where(finite, values, np.inf)
            high = np.where(finite, values, -np.inf)
            deviations[~finite] = 0.0
            counted = positions.T[finite]
        self._counts += np.bincount(counted, minlength=cells.size)
        self._totals.add(deviations)
        self._squares.add(np.square(deviations))
        np.minimum(self._min, low.min(axis=0), out=self._min)
        np.maximum(self._max, high.max(axis=0), out=self._max)

    def _add_scores(self, scores: Matrix) -> None:
        positions, score = score_cells(scores)
        self._score_counts += np.bincount(positions, minlength=SCORE_CELLS)
        self._score_sums += np.bincount(positions, score, minlength=SCORE_CELLS)

    def _numeric_cells(self) -> "list[tuple[str, NumericCells]]":
        cells = self._cells.numeric
        counts = np.split(self._counts, cells.offsets[1:])
        return [
            (
                name,
                NumericCells(
                    counts=counts[index].tolist(),
                    missing=int(self._missing[index]),
                    total=float(self._totals.high[index]),
                    total_low=float(self._totals.low[index]),
                    squares=float(self._squares.high[index]),
                    squares_low=float(self._squares.low[index]),
                    min=_finite(self._min, index),
                    max=_finite(self._max, index),
                ),
            )
            for index, name in enumerate(cells.names)
        ]


def _finite(values: NDArray[np.float64], index: int) -> float | None:
    return float(values[index]) if np.isfinite(values[index]) else None
