"""Streams in which nothing has changed, and how often the default rules would act on them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from support.cgm import cgm_rows, training_rows
from support.windows import Champion, Rows, inputs_of, reference_of, rows_of, spaced
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import Evaluation, SignalState
from trimtab_stages.drift.confusion import count_confusion
from trimtab_stages.drift.evaluate import evaluate
from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.quality import measure_quality
from trimtab_stages.drift.records import LabelledRows

DROP = 0.05
DRIFTED = 0.25


@dataclass(frozen=True)
class Actions:
    """Windows in which a default rule holds.

    Attributes:
        windows: windows looked at.
        faults: with a data fault: HoldRetraining.
        quality: with a drop of quality: Retrain.
        inputs: with drifted inputs, the second time in a row: Alert.
        any: with one of them.
    """

    windows: int = 0
    faults: int = 0
    quality: int = 0
    inputs: int = 0
    any: int = 0

    def __add__(self, other: "Actions") -> "Actions":
        return Actions(
            self.windows + other.windows,
            self.faults + other.faults,
            self.quality + other.quality,
            self.inputs + other.inputs,
            self.any + other.any,
        )


def act(evaluations: list[Evaluation]) -> Actions:
    """Return in how many windows of a stream the default rules hold."""
    total, before = Actions(), False
    for evaluation in evaluations:
        by_name = {one.name: one for one in evaluation.signals}
        quality = by_name["quality"]
        measured = quality.state is SignalState.MEASURED
        faults = (by_name["faults"].value or 0) >= 1
        dropped = measured and (quality.value or 0) > DROP and (quality.low or 0) > 0
        moved = (by_name["inputs"].value or 0) > DRIFTED
        drifted, before = moved and before, moved
        any_rule = faults or dropped or drifted
        total += Actions(1, int(faults), int(dropped), int(drifted), int(any_rule))
    return total


def balanced_accuracy(counts: Counts) -> float:
    """Return the balanced accuracy of confusion counts of two classes."""
    quality = measure_quality(Metric.BALANCED_ACCURACY, counts, 0.0)
    return quality.value if quality else 0.0


def real_pool() -> Rows:
    """Return the real rows that windows are drawn from, newer than those the model learnt from."""
    rows = cgm_rows()
    split = training_rows(rows)
    return rows.take(slice(split, split + 15_000))


def champion_of(pool: Rows) -> Champion:
    """Return what the pool's own rows say of it."""
    counts = count_confusion(LabelledRows(pool.decided, pool.truth), 2)
    quality = {Metric.BALANCED_ACCURACY: balanced_accuracy(counts)}
    return Champion(reference_of(pool), quality, tested=counts)


def resampled_stream(
    pool: Rows, champion: Champion, windows: int, rows: int, seed: int
) -> list[Evaluation]:
    """Evaluate windows of rows drawn from the pool with replacement."""
    random = np.random.default_rng(seed)
    return [evaluate(inputs_of(pool.resampled(rows, random), champion)) for _ in range(windows)]


def autocorrelated_rows(count: int, memory: float, random: np.random.Generator) -> Rows:
    """Return rows of ten features, each AR(1) with the given memory, and a model right in 85 %."""
    noise = random.normal(0, np.sqrt(1 - memory**2), (count, 10)).astype(np.float32)
    values = noise.copy()
    values[0] /= np.float32(np.sqrt(1 - memory**2))
    for row in range(1, count):
        values[row] += np.float32(memory) * values[row - 1]
    truth = (values[:, 0] + random.normal(0, 0.5, count) > 0).astype(np.int64)
    wrong = random.random(count) < 0.15
    rows = rows_of(values, [f"x{column}" for column in range(10)])
    scores = (1 / (1 + np.exp(-values[:, 0]))).astype(np.float32)
    return spaced(
        replace(rows, truth=truth, decided=np.where(wrong, 1 - truth, truth), scores=scores)
    )


def autocorrelated_stream(
    champion: Champion, windows: int, rows: int, memory: float, seed: int
) -> Iterator[Evaluation]:
    """Evaluate windows that follow one another in one autocorrelated stream."""
    stream = autocorrelated_rows(windows * rows, memory, np.random.default_rng(seed))
    for first in range(0, windows * rows, rows):
        yield evaluate(inputs_of(spaced(stream.take(slice(first, first + rows))), champion))
