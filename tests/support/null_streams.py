"""Streams in which nothing has changed, and how often the default rules would act on them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from support.cgm import cgm_rows, training_rows
from support.decisions import REPORT
from support.ruled_windows import RuledWindows
from support.windows import Champion, Rows, inputs_of, reference_of, rows_of, spaced
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.first_window import Firsts, measured_in
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.drift.confusion import count_confusion
from trimtab_stages.drift.evaluate import evaluate
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


def real_pool() -> Rows:
    """Return the real rows that windows are drawn from, newer than those the model learnt from."""
    rows = cgm_rows()
    split = training_rows(rows)
    return rows.take(slice(split, split + 15_000))


def champion_of(learnt: Rows, split: Rows) -> Champion:
    """Return a champion with a reference profile of some rows, tested on others."""
    tested = count_confusion(LabelledRows(split.decided, split.truth), 2)
    return Champion(reference_of(learnt), tested)


def evaluate_all(windows: Iterable[Rows], champion: Champion) -> Iterator[Evaluation]:
    """Evaluate windows one after the other, as the monitor does: later ones know the first."""
    first, least = Firsts(), champion.spec.window.min_labels
    for rows in windows:
        found = evaluate(replace(inputs_of(rows, champion), first=first))
        first = dict(measured_in(Report(found, REPORT), least)) | first
        yield found


def split_rows(rows: int) -> int:
    """Return the size of a test split, by that of a window: a tenth of a year of months."""
    return round(1.2 * rows)


def resampled_stream(pool: Rows, windows: int, rows: int, seed: int) -> Iterator[Evaluation]:
    """Evaluate windows of rows drawn from the pool with replacement, and so is the test split."""
    random = np.random.default_rng(seed)
    champion = champion_of(pool, pool.resampled(split_rows(rows), random))
    return evaluate_all((pool.resampled(rows, random) for _ in range(windows)), champion)


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
    learnt: Rows, windows: int, rows: int, memory: float, seed: int
) -> Iterator[Evaluation]:
    """Evaluate windows that follow one another, after a test split, in an autocorrelated stream."""
    before = split_rows(rows)
    stream = autocorrelated_rows(before + windows * rows, memory, np.random.default_rng(seed))
    champion = champion_of(learnt, stream.take(slice(0, before)))
    begins = range(before, len(stream), rows)
    parts = (spaced(stream.take(slice(begin, begin + rows))) for begin in begins)
    return evaluate_all(parts, champion)
