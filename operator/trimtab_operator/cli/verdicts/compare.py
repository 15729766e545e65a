"""Whether replayed reports lead to the decisions that were recorded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import DecisionOutcome, EvaluatedWindow
from trimtab_operator.cli.replay import Replay
from trimtab_operator.cli.verdicts.play import Play, taken_guard
from trimtab_operator.cli.verdicts.recorded import Recorded
from trimtab_operator.cli.verdicts.source import Source
from trimtab_operator.domain.matched_rule import RuleMatch
from trimtab_operator.domain.retrain_decision import RetrainDecision
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.window_entry import window_entry

UNASKED = (DecisionReason.SUSPENDED, DecisionReason.VERSION_REPLACED)
"""The rules were not asked of such a window, and panes do not tell it."""


class Comparison(StrEnum):
    """What a verdict's replay has shown."""

    SAME = "Same"
    """The same was decided."""
    DIFFERENT = "Different"
    """Something else was decided."""
    NOT_COMPARED = "NotCompared"
    """There is nothing to compare with, or it was decided by what panes do not hold."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided for one window, now and then.

    Attributes:
        outcome: Same, Different or NotCompared.
        message: the decision, what differs, or why nothing was compared.
    """

    outcome: Comparison
    message: str


def verdicts(
    source: Source, history: Iterable[Report], replays: Iterable[Replay]
) -> Iterator[Verdict]:
    """Yield the verdict of each replayed window.

    Args:
        source: rules, and what was recorded.
        history: reports before, oldest first; they are played as they are stored.
        replays: in order.
    """
    play = Play(source.monitor.spec, source.status)
    for report in history:
        play.match(_window(report))
    for one in replays:
        window = _window(Report(one.found or one.report.evaluation, one.report.file))
        found = play.match(window)
        if one.found is None:
            words = "its report cannot be computed again"
            yield Verdict(Comparison.NOT_COMPARED, words)
        else:
            yield _together(list(_compared(source, play, window, found)))


def _window(report: Report) -> EvaluatedWindow:
    return EvaluatedWindow.model_validate(window_entry(report))


def _compared(
    source: Source, play: Play, window: EvaluatedWindow, found: RuleMatch
) -> Iterator[Verdict]:
    """Yield how a window compares with each record of it."""
    in_status = [item for item in source.status if item.is_of(window)]
    logged = [item for item in source.log or () if item.is_of(window)]
    for recorded in (*in_status, *logged):
        yield _with_record(source, play.decide(found, recorded), window, recorded)
    if source.log is not None and not logged:
        yield from _without_record(source, found, window, decided=bool(in_status))


def _with_record(
    source: Source, decision: RetrainDecision, window: EvaluatedWindow, recorded: Recorded
) -> Verdict:
    if recorded.reason in UNASKED:
        words = f"{recorded.reason} in {recorded.place}: the rules were not asked"
        return Verdict(Comparison.NOT_COMPARED, words)
    differing = ", ".join(_differences(decision, window, recorded))
    if not differing:
        return Verdict(Comparison.SAME, _told(decision, recorded))
    words = f"{recorded.place} differs in {differing}"
    # No spec makes another report of a window that has one.
    same_report = recorded.report in {None, window.report.digest}
    if same_report and source.is_of_another_spec(recorded):
        words = f"{words}; that was decided by another generation of the spec, or of a Pipeline"
        return Verdict(Comparison.NOT_COMPARED, words)
    return Verdict(Comparison.DIFFERENT, words)


def _differences(
    decision: RetrainDecision, window: EvaluatedWindow, recorded: Recorded
) -> Iterator[str]:
    """Yield `outcome (Alert, now Wait)` for each field that is recorded otherwise."""
    rule = decision.rule.name if decision.rule is not None else None
    now = ", ".join(decision.holding)
    then = now if recorded.holding is None else ", ".join(recorded.holding)
    report = window.report.digest
    for name, before, after in (
        ("report", recorded.report or report, report),
        ("outcome", recorded.outcome, decision.outcome),
        ("reason", recorded.reason, decision.reason),
        ("rule", recorded.rule, rule),
        ("holding", then, now),
    ):
        if before != after:
            yield f"{name} ({before or 'none'}, now {after or 'none'})"


def _without_record(
    source: Source, found: RuleMatch, window: EvaluatedWindow, *, decided: bool
) -> Iterator[Verdict]:
    """Yield what it means that the audit log has no record of a window.

    Args:
        source: rules, and what was recorded.
        found: what the rules say now.
        window: the window.
        decided: whether the status has a decision of it.
    """
    missing = "the audit log has no record of it"
    if decided:
        yield Verdict(Comparison.DIFFERENT, missing)
        return
    if source.status and window.end >= source.status[0].window_end:
        return  # the status would have it: it was not decided, or not yet
    told = f"now {_said(found)}; {missing}"
    if all(item.window_end < window.end for item in source.log or ()):
        words = f"{told}, nor of a later one: it may not be decided yet"
        yield Verdict(Comparison.NOT_COMPARED, words)
    else:
        yield Verdict(Comparison.DIFFERENT, told)


def _said(found: RuleMatch) -> str:
    if found.rule is None:
        return f"{DecisionOutcome.WAIT}, {found.reason}"
    return f"{found.rule.outcome} by rule `{found.rule.name}`"


def _together(found: Sequence[Verdict]) -> Verdict:
    """Return one verdict: a difference tells, then what is the same."""
    for outcome in (Comparison.DIFFERENT, Comparison.SAME, Comparison.NOT_COMPARED):
        words = [item.message for item in found if item.outcome is outcome]
        if words:
            return Verdict(outcome, "; ".join(dict.fromkeys(words)))
    return Verdict(Comparison.NOT_COMPARED, "no decision of it is recorded")


def _told(decision: RetrainDecision, recorded: Recorded) -> str:
    rule = f" by rule `{decision.rule.name}`" if decision.rule is not None else ""
    taken = taken_guard(recorded)
    note = "; the guard is as recorded, for panes do not tell it" if taken is not None else ""
    return f"{decision.outcome}, {decision.reason}{rule}{note}"
