"""Streams in which nothing has changed, and how often the default rules would act on them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from support.cgm import cgm_rows, training_rows
from support.ruled_windows import RuledWindows
from support.windows import Champion, Rows, inputs_of, reference_of, rows_of, spaced
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.drift.confusion import count_confusion
from trimtab_stages.drift.evaluate import evaluate
from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.quality import measure_quality
from trimtab_stages.drift.records import LabelledRows


@dataclass(frozen=True)
class Actions:
    """Windows in which a default rule decides.

    Attributes:
        windows: windows looked at.
        decided: how many of them each rule decides, by its name.
    """

    windows: int = 0
    decided: Counter[str] = field(default_factory=Counter)

    @property
    def any(self) -> int:
        """Windows that some rule decides."""
        return self.decided.total()

    def __add__(self, other: "Actions") -> "Actions":
        return Actions(self.windows + other.windows, self.decided + other.decided)

    def __str__(self) -> str:
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(self.decided.items()))
        return f"{self.any} of {self.windows} windows: {rules or 'none'}"


def act(evaluations: Iterable[Evaluation]) -> Actions:
    """Return in how many windows of a stream a default rule decides."""
    stream = RuledWindows()
    found = [stream.match(one.version, one.rows, one.signals).rule for one in evaluations]
    return Actions(len(found), Counter(rule.name for rule in found if rule is not None))


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
