"""Which rule of a DriftMonitor decides a window: the first that holds, with hysteresis."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import (
    Comparison,
    DecisionRule,
    DriftMonitorSpec,
    RuleOutcome,
)
from trimtab_operator.api.monitor_status import EvaluatedWindow, SignalReading
from trimtab_stages.contract.monitoring import QualityReference, SignalKind, SignalState

WORDS = {Comparison.ABOVE: "above", Comparison.AT_LEAST: "at least"}

REFERENCES = {
    QualityReference.TEST_SPLIT: "on the test split",
    QualityReference.FIRST_WINDOW: "in the version's first measured window",
}
"""What quality is compared with, in words."""
MOST_NAMED = 3
"""Faults that a message names."""


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """What the rules say of a window.

    Attributes:
        rule: the first rule that decides; None where none does.
        holding: names of the rules whose condition holds after the window.
        reason: RuleHolds, NotSustained, NotMeasured or NoRuleHolds.
        message: the numbers in one sentence.
    """

    rule: DecisionRule | None
    holding: tuple[str, ...]
    reason: DecisionReason
    message: str


def match_rules(
    spec: DriftMonitorSpec, windows: Sequence[EvaluatedWindow], before: Collection[str]
) -> RuleMatch:
    """Return what the rules say of the last of some windows.

    A rule's condition begins to hold after `forWindows` consecutive windows of one version in which
    it was measured and passed, and is cleared after as many in which it was measured and did not.
    A rule decides a window where its condition holds and the window itself passes; a rule that
    holds retraining decides as long as its condition holds.

    Args:
        spec: rules and signals.
        windows: evaluated windows, oldest first; the last one is judged.
        before: rules whose condition held after the window before, judged against this version.
    """
    kinds = {signal.name: signal.kind for signal in spec.signals}
    recent = _consecutive(windows)
    passes = {
        rule.name: [_passes(rule, window, kinds[rule.signal]) for window in recent]
        for rule in spec.rules
    }
    holding = tuple(rule.name for rule in spec.rules if _holds(rule, passes[rule.name], before))
    for rule in spec.rules:
        newest = passes[rule.name][-1]
        lasting = rule.outcome is RuleOutcome.HOLD_RETRAINING
        if rule.name in holding and (newest or lasting):
            return RuleMatch(
                rule, holding, DecisionReason.RULE_HOLDS, _told(rule, recent, newest=newest)
            )
    return _nothing_decides(spec, recent, passes, holding)


def _consecutive(windows: Sequence[EvaluatedWindow]) -> list[EvaluatedWindow]:
    """Return the last windows that follow one another without a hole, of one version."""
    found = [windows[-1]]
    for window in reversed(windows[:-1]):
        if (window.end, window.version) != (found[0].start, found[0].version):
            break
        found.insert(0, window)
    return found


def _passes(rule: DecisionRule, window: EvaluatedWindow, kind: SignalKind) -> bool | None:
    """Return whether a rule passes in a window; None where its signal was not measured."""
    reading = _reading(rule, window)
    if reading is None or reading.state is not SignalState.MEASURED or reading.value is None:
        return None
    if kind is SignalKind.REALISED_QUALITY and (reading.low is None or reading.low <= 0):
        return False
    if rule.operator is Comparison.AT_LEAST:
        return reading.value >= rule.value
    return reading.value > rule.value


def _holds(rule: DecisionRule, passes: Sequence[bool | None], before: Collection[str]) -> bool:
    last = passes[-rule.for_windows :]
    if len(last) < rule.for_windows:
        return rule.name in before
    if all(last):
        return True
    return rule.name in before and any(item is not False for item in last)


def _nothing_decides(
    spec: DriftMonitorSpec,
    recent: Sequence[EvaluatedWindow],
    passes: dict[str, list[bool | None]],
    holding: tuple[str, ...],
) -> RuleMatch:
    """Return why no rule decides: not yet, not measured, or nothing is the matter."""
    for rule in spec.rules:
        if passes[rule.name][-1]:
            words = f"{_value(rule, recent[-1])}; {_lasting(rule, passes[rule.name])}"
            return RuleMatch(None, holding, DecisionReason.NOT_SUSTAINED, f"{words}.")
    unmeasured = [rule for rule in spec.rules if passes[rule.name][-1] is None]
    if unmeasured:
        words = "; ".join(_value(rule, recent[-1]) for rule in unmeasured)
        return RuleMatch(None, holding, DecisionReason.NOT_MEASURED, f"{words}.")
    words = "; ".join(_value(rule, recent[-1]) for rule in spec.rules) or "There is no rule"
    return RuleMatch(None, holding, DecisionReason.NO_RULE_HOLDS, f"{words}.")


def _lasting(rule: DecisionRule, passes: Sequence[bool | None]) -> str:
    count = next((n for n, item in enumerate(reversed(passes)) if not item), len(passes))
    return f"so far in {count} of {rule.for_windows} windows"


def _told(rule: DecisionRule, recent: Sequence[EvaluatedWindow], *, newest: bool | None) -> str:
    value = f"{_value(rule, recent[-1])}{_faults(rule, recent[-1])}"
    if not newest:
        return f"{value}; it holds until {_windows(rule)} in a row are without it."
    return f"{value}, in {_windows(rule)}." if rule.for_windows > 1 else f"{value}."


def _faults(rule: DecisionRule, window: EvaluatedWindow) -> str:
    """Return `; found are UnitChange of tmax, ClockSkew`; nothing of rules about the model."""
    if rule.outcome is not RuleOutcome.HOLD_RETRAINING or not window.faults:
        return ""
    named = (
        fault.kind if fault.feature is None else f"{fault.kind} of {fault.feature}"
        for fault in window.faults
    )
    return f"; found are {', '.join(islice(named, MOST_NAMED))}"


def _windows(rule: DecisionRule) -> str:
    return "1 window" if rule.for_windows == 1 else f"{rule.for_windows} windows"


def _value(rule: DecisionRule, window: EvaluatedWindow) -> str:
    """Return `rule 'quality-drop': signal 'quality' is 0.081 (0.06 to 0.1, 640 samples), ...`."""
    reading = _reading(rule, window)
    start = f"Rule `{rule.name}`: signal `{rule.signal}`"
    if reading is None:
        return f"{start} was not asked of this window"
    if reading.state is not SignalState.MEASURED or reading.value is None:
        return f"{start} is {reading.state} with {reading.samples} samples"
    interval = ""
    if reading.low is not None and reading.high is not None:
        interval = f"{_number(reading.low)} to {_number(reading.high)}, "
    value = f"{_number(reading.value)} ({interval}{reading.samples} samples){_reference(reading)}"
    return f"{start} is {value}, asked is {WORDS[rule.operator]} {_number(rule.value)}"


def _reference(reading: SignalReading) -> str:
    """Return ` from 0.95 on the test split`; nothing of signals that are not compared so."""
    if reading.reference is None or reading.reference_of is None:
        return ""
    return f" from {_number(reading.reference)} {REFERENCES[reading.reference_of]}"


def _reading(rule: DecisionRule, window: EvaluatedWindow) -> SignalReading | None:
    return next((item for item in window.signals if item.name == rule.signal), None)


def _number(value: Decimal) -> str:
    return format(value.normalize(), "f")
