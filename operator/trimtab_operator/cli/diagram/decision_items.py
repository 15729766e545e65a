"""Lines of a DriftMonitor's box: what it decided for windows, but for what its retrains tell."""

from datetime import UTC

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import DecisionOutcome, MonitorDecision
from trimtab_operator.cli.diagram.folding import folded
from trimtab_operator.cli.diagram.picture import Item, State

SHOWN_DECISIONS = 4
DECISIONS = {
    DecisionOutcome.RETRAIN: State.ACTIVE,
    DecisionOutcome.SUGGEST: State.ATTENTION,
    DecisionOutcome.SUPPRESS: State.ATTENTION,
    DecisionOutcome.ALERT: State.ATTENTION,
    DecisionOutcome.HOLD_RETRAINING: State.ATTENTION,
    DecisionOutcome.WAIT: State.GOOD,
}


def state_of(outcome: DecisionOutcome) -> State:
    """Return how a decision is shown; a word of a newer Trimtab asks for a look."""
    return DECISIONS.get(outcome, State.ATTENTION)


def decision_items(monitor: DriftMonitor) -> tuple[Item, ...]:
    """Return the decisions that the status keeps, newest first; older ones share the last line.

    To wait is no news, and a retrain has a line of its own.
    """
    retrains = {item.trigger_id for item in monitor.status.retrains}
    items = [
        _item(one)
        for one in reversed(monitor.status.decisions)
        if one.outcome is not DecisionOutcome.WAIT
        and not (one.outcome is DecisionOutcome.RETRAIN and one.trigger_id in retrains)
    ]
    return folded(items, SHOWN_DECISIONS, State.ATTENTION)


def _item(one: MonitorDecision) -> Item:
    name = f"{one.window_end.astimezone(UTC):%Y-%m-%d}"
    detail = f"{one.reason.value}. {one.message}"
    return Item(state_of(one.outcome), name, one.outcome.value, detail, lines=1)
