"""The loop's own policy on a stream: realised quality decides, gates and paired rows judge.

The statistics are the monitor's and the margins the example's; guards that count wall time have no
part in a replay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from replay.learner import Fitted, Learner, Rows
from trimtab_stages.contract.gates import Metric, Outcome
from trimtab_stages.drift.confusion import count_confusion
from trimtab_stages.drift.paired import compare
from trimtab_stages.drift.quality import drop, measure_quality
from trimtab_stages.drift.records import LabelledRows


@dataclass(frozen=True)
class Rules:
    """Triggers and margins, the same for every stream.

    Attributes:
        drop: a retrain is decided when balanced accuracy has fallen by more than this, and the drop
            is no chance.
        cooldown_windows: windows after a decided one that decide none.
        min_rows: labelled rows in the shadow before a challenger can be promoted.
        look_rows: rows between two looks at a challenger in the shadow.
        margin: by how much a challenger may be worse.
    """

    drop: float = 0.05
    cooldown_windows: int = 1
    min_rows: int = 96
    look_rows: int = 24
    margin: float = 0.02


@dataclass
class Watched:
    """A stream under the loop's policy.

    Attributes:
        learner: trains.
        rules: what is decided.
        retrains: windows whose end started a retrain.
        promotions: of these, those whose challenger was promoted.
    """

    learner: Learner
    rules: Rules = field(default_factory=Rules)
    retrains: list[int] = field(default_factory=list)
    promotions: list[int] = field(default_factory=list)

    def play(self, first: Fitted) -> NDArray[np.float64]:
        """Return the balanced accuracy of each window as it would have been answered."""
        stream, champion = self.learner.stream, first
        challenger: Fitted | None = None
        found = []
        for window in range(stream.windows):
            rows = stream.window(window)
            decided = champion.decide(stream, rows)
            if challenger is not None:
                place = self._promoted_after(rows, decided, challenger)
                if place is not None:
                    decided[place:] = challenger.decide(stream, rows)[place:]
                    self.promotions.append(window)
                    champion = challenger
                challenger = None
            found.append(float(balanced_accuracy_score(stream.truth[rows], decided)))
            if self._is_worse(window, rows, decided, champion):
                challenger = self._retrained(window, champion)
        return np.array(found)

    def _is_worse(self, window: int, rows: Rows, decided: Rows, champion: Fitted) -> bool:
        """Return whether a retrain is decided at a window's end."""
        if self.retrains and window - self.retrains[-1] <= self.rules.cooldown_windows:
            return False
        labelled = LabelledRows(decided=decided, truth=self.learner.stream.truth[rows])
        metric = Metric.BALANCED_ACCURACY
        counts = count_confusion(labelled, 2)
        quality = measure_quality(metric, counts, champion.estimate(metric))
        if quality is None:
            return False
        value, low, _ = drop(quality)
        return value > self.rules.drop and low > 0

    def _retrained(self, window: int, champion: Fitted) -> Fitted | None:
        """Return the challenger of a retrain at a window's end, if it passes its gates."""
        self.retrains.append(window)
        rows = self.learner.stream.before(window + 1, memory=True)
        fitted = self.learner.fit(rows, champion)
        return fitted if fitted.commit.outcome is Outcome.PASSED else None

    def _promoted_after(self, rows: Rows, decided: Rows, challenger: Fitted) -> int | None:
        """Return after how many rows of a window the challenger is promoted, None if it is not."""
        shadow = challenger.decide(self.learner.stream, rows)
        truth = self.learner.stream.truth[rows]
        for seen in self._looks(len(rows)):
            said = compare(truth[:seen], decided[:seen], shadow[:seen], margin=self.rules.margin)
            if said.high < -self.rules.margin:
                return None
            if said.low > -self.rules.margin:
                return seen
        return None

    def _looks(self, rows: int) -> Iterator[int]:
        yield from range(self.rules.min_rows, rows, self.rules.look_rows)
