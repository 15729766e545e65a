"""Plays windows through the operator's own rules and guards.

What the panes say is decided once more: which rule holds, for how long, and the cooldown where the
record knows of the retrains before. What they do not say is taken from the record: guards that look
at runs, failures, the fleet or wall time.
"""

from collections.abc import Iterator, Sequence

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import DriftMonitorSpec
from trimtab_operator.api.monitor_status import WINDOWS, DecisionOutcome, EvaluatedWindow
from trimtab_operator.cli.verdicts.recorded import Recorded
from trimtab_operator.domain.cooldown import cooldown
from trimtab_operator.domain.matched_rule import RuleMatch, match_rules
from trimtab_operator.domain.retrain_decision import RetrainDecision, decide_matched, observing
from trimtab_operator.domain.suppression import Suppression


class Play:
    """Windows so far, as a DriftMonitor's status would keep them.

    Args:
        spec: rules, mode and guards.
        status: decisions of the status, oldest first.
    """

    def __init__(self, spec: DriftMonitorSpec, status: Sequence[Recorded]) -> None:
        self._spec = spec
        self._status = status
        self._windows: list[EvaluatedWindow] = []
        self._holding: Sequence[str] = ()

    def match(self, window: EvaluatedWindow) -> RuleMatch:
        """Return what the rules say of the next window."""
        before = self._holding_before(window)
        self._windows = [*self._windows, window][-WINDOWS:]
        found = match_rules(self._spec, self._windows, before)
        self._holding = found.holding
        return found

    def _holding_before(self, window: EvaluatedWindow) -> Sequence[str]:
        """Return the rules that held before: as recorded, else as played."""
        earlier = [item for item in self._status if item.window_end < window.end]
        if earlier and earlier[-1].holding is not None:
            return earlier[-1].holding if earlier[-1].version == window.version else ()
        same = bool(self._windows) and self._windows[-1].version == window.version
        return self._holding if same else ()

    def decide(self, found: RuleMatch, recorded: Recorded) -> RetrainDecision:
        """Return what follows for the newest window, with what only a record of it knows."""
        guards = [taken_guard(recorded), *self._replayed(recorded)]
        return decide_matched(self._spec.mode, found, guards)

    def _replayed(self, recorded: Recorded) -> Iterator[Suppression | None]:
        yield observing(self._spec.mode)
        if recorded.retrains is not None:
            yield cooldown(self._spec, self._windows, recorded.retrains)


def taken_guard(recorded: Recorded) -> Suppression | None:
    """Return what a guard has said that cannot be asked once more, None where there is none."""
    asked = {DecisionReason.OBSERVING}
    if recorded.retrains is not None:
        asked.add(DecisionReason.COOLDOWN)
    if recorded.outcome is not DecisionOutcome.SUPPRESS or recorded.reason in asked:
        return None
    return Suppression(recorded.reason, "")
