"""The loop's own policy on a stream: realised quality decides, gates and paired rows judge.

Statistics, rules, cooldown, circuit breaker, gates and the judgement of a rollout are the
product's, and all their numbers those of manifests. Guards that count wall time have no part in a
replay, and neither have the signals about the data. A rollout ends with its window at the latest.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from replay.learner import Fitted, Learner, Rows
from replay.rules import LoopRules
from replay.streams import SECOND_NS
from support.decisions import REPORT
from support.judged_rollouts import judge
from support.ruled_windows import RuledWindows
from trimtab_operator.api.monitor_status import RetrainState
from trimtab_operator.api.rollout import RolloutState
from trimtab_operator.domain.gate_judgement import judge_commit
from trimtab_stages.contract.gates import Outcome
from trimtab_stages.contract.monitoring import FirstWindow, SignalValue
from trimtab_stages.drift.confusion import count_confusion
from trimtab_stages.drift.quality_drop import judge_quality
from trimtab_stages.drift.records import LabelledRows
from trimtab_stages.drift.signals import quality_signal

LOOK_ROWS = 24
"""Rows between two looks at a challenger in the shadow."""


@dataclass
class Watched:
    """A stream under the loop's policy.

    Attributes:
        learner: trains, by the recipe of the rules.
        rules: when a retrain is decided, and a challenger promoted.
        ruled: the windows under these rules.
        retrains: windows whose end started a retrain.
        promotions: windows in which the challenger was promoted.
    """

    learner: Learner
    rules: LoopRules
    ruled: RuledWindows = field(init=False)
    retrains: list[int] = field(default_factory=list)
    promotions: list[int] = field(default_factory=list)
    _first: FirstWindow | None = None

    def __post_init__(self) -> None:
        self.ruled = RuledWindows(self.rules.monitor)

    def play(self, first: Fitted) -> NDArray[np.float64]:
        """Return the balanced accuracy of each window as it would have been answered."""
        stream, champion = self.learner.stream, first
        self._first = None
        challenger: Fitted | None = None
        found = []
        for window in range(stream.windows):
            rows = stream.window(window)
            decided, begin = champion.decide(stream, rows), 0
            if challenger is not None:
                place = self._promoted_after(rows, decided, challenger)
                if place is not None:
                    decided[place:] = challenger.decide(stream, rows)[place:]
                    self.promotions.append(window)
                    champion, begin, self._first = challenger, place, None
                else:
                    self.ruled.end(RetrainState.ROLLED_BACK)
                challenger = None
            found.append(float(balanced_accuracy_score(stream.truth[rows], decided)))
            # A window in which the champion changed is judged by the new one's rows.
            if self._is_worse(window, rows[begin:], decided[begin:], champion):
                challenger = self._retrained(window, champion)
        return np.array(found)

    def _is_worse(self, window: int, rows: Rows, decided: Rows, champion: Fitted) -> bool:
        """Return whether a retrain is decided at a window's end."""
        signal = self._signal(window, rows, decided, champion)
        rule = self.ruled.match(champion.commit.model.file.digest, len(rows), [signal]).rule
        return rule is not None and not self.ruled.is_cooling() and not self.ruled.is_broken()

    def _signal(self, window: int, rows: Rows, decided: Rows, champion: Fitted) -> SignalValue:
        stream, asked = self.learner.stream, self.rules.quality
        counts = count_confusion(LabelledRows(decided=decided, truth=stream.truth[rows]), 2)
        judged = judge_quality(asked.metric, counts, champion.tested, self._first)
        least = self.rules.monitor.window.min_labels
        if judged is not None and self._first is None and len(rows) >= least:
            end = datetime.fromtimestamp(stream.edges_ns[window + 1] / SECOND_NS, UTC)
            value, cells = judged.quality.value, judged.quality.counts
            self._first = FirstWindow(end=end, report=REPORT, value=value, counts=cells)
        return quality_signal(asked, judged, len(rows), len(rows), least)

    def _retrained(self, window: int, champion: Fitted) -> Fitted | None:
        """Return the challenger of a retrain at a window's end, if it passes its gates."""
        self.retrains.append(window)
        self.ruled.retrain()
        rows = self.learner.stream.before(window + 1, memory=True)
        fitted = self.learner.fit(rows, champion)
        judged = judge_commit(self.learner.recipe.gates, fitted.commit)
        if judged.outcome is Outcome.PASSED:
            return fitted
        self.ruled.end(RetrainState.FAILED)
        return None

    def _promoted_after(self, rows: Rows, decided: Rows, challenger: Fitted) -> int | None:
        """Return after how many rows of a window the challenger is promoted, None if it is not."""
        shadow = challenger.decide(self.learner.stream, rows)
        truth = self.learner.stream.truth[rows]
        for seen in self._looks(len(rows)):
            state = judge(self.rules.rollout, truth[:seen], decided[:seen], shadow[:seen])
            if state is not RolloutState.PROGRESSING:
                return seen if state is RolloutState.PROMOTED else None
        return None

    def _looks(self, rows: int) -> Iterator[int]:
        yield from range(self.rules.rollout.min_rows, rows, LOOK_ROWS)
