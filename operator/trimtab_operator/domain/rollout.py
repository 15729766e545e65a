"""Whether a challenger becomes champion: health first, then paired evidence. Pure.

States: Progressing -> Promoted | RolledBack | Held; a hold ends as soon as evidence decides. The
interval is a confidence sequence, so looking at it often is free (Howard et al. 2021).
"""

from dataclasses import dataclass
from datetime import timedelta

from trimtab_operator.api.conditions import Reason
from trimtab_operator.api.model import ModelStatus
from trimtab_operator.api.rollout import OnInconclusive, Rollout, RolloutEvidence, RolloutState
from trimtab_operator.domain.version_health import Health, Pace

MIN_FAILED = 3
"""Fewer failed requests than this are no error rate."""
MIN_PACE_ROWS = 100
"""Fewer rows than this say nothing about the time of runs."""
NOTICED_SECONDS = 0.0005
"""A run that takes longer by less than this is noticed by nobody."""
MAX_RESTARTS = 2
"""So many restarts of pods are no accident."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What follows for a version, why, and the numbers in one sentence."""

    state: RolloutState
    reason: str
    message: str


def judge_rollout(
    rules: Rollout,
    evidence: RolloutEvidence | None,
    health: Health,
    *,
    confirmed: bool,
    age: timedelta = timedelta(0),
) -> Judgement:
    """Return what follows for a challenger.

    Args:
        rules: `spec.rollout`.
        evidence: what the monitor found about this challenger; None before it has.
        health: what the pods say; `restarts` since the rollout began.
        confirmed: all ready pods follow the plan of the shadow. Until then nothing is compared.
        age: time since the challenger was taken up; of one that is held it does not count.
    """
    fault = find_fault(rules, health)
    if fault is not None:
        return fault
    found = _judge_confirmed(rules, evidence, confirmed=confirmed)
    is_over = age >= timedelta(seconds=rules.max_seconds)
    if not is_over or found.state is not RolloutState.PROGRESSING:
        return found
    told = describe(rules, evidence) if evidence is not None else "no evidence has come"
    words = f"`maxSeconds` {rules.max_seconds} are over and nothing has decided: {told}."
    return _taken_back(Reason.INCONCLUSIVE, words)


def _judge_confirmed(
    rules: Rollout, evidence: RolloutEvidence | None, *, confirmed: bool
) -> Judgement:
    if not confirmed:
        words = "Pods are loading the challenger; evidence counts when all ready ones follow."
        return Judgement(RolloutState.PROGRESSING, Reason.SHADOWING, words)
    if evidence is None:
        words = "The challenger scores the champion's requests; no evidence has come yet."
        return Judgement(RolloutState.PROGRESSING, Reason.SHADOWING, words)
    return _judge_evidence(rules, evidence)


def on_trial(status: ModelStatus) -> str | None:
    """Return the digest of a challenger that evidence may still decide about.

    A held one does not count: only a newer run, or a person, ends its hold.
    """
    held = status.rollout is not None and status.rollout.state is RolloutState.HELD
    return status.challenger.digest if status.challenger is not None and not held else None


def find_fault(rules: Rollout, health: Health) -> Judgement | None:
    """Return why a version must be taken back whatever its quality, None where nothing is wrong."""
    refused, pace = health.refused, health.pace
    if refused is not None:
        return _taken_back(refused.reason, f"A pod refuses the version: {refused.message}")
    if health.restarts >= MAX_RESTARTS:
        words = f"Server pods were restarted {health.restarts} times since the version was loaded."
        return _taken_back(Reason.PODS_RESTARTED, words)
    limit = float(rules.max_error_rate)
    if health.failed >= MIN_FAILED and health.least_error_rate > limit:
        words = (
            f"The version failed {health.failed} of {health.failed + health.requests} requests; "
            f"`maxErrorRate` allows {limit:.2%}."
        )
        return _taken_back(Reason.ERROR_RATE_EXCEEDED, words)
    most = float(rules.max_latency_ratio)
    if pace is not None and pace.ratio > most and _is_noticed(pace):
        words = (
            f"Over {pace.rows} rows, runs take {pace.ratio:.2f} times as long as those of the "
            f"other version; `maxLatencyRatio` allows {most:g}."
        )
        return _taken_back(Reason.LATENCY_EXCEEDED, words)
    return None


def describe(rules: Rollout, evidence: RolloutEvidence) -> str:
    """Return the evidence in one sentence."""
    labelled = f"{evidence.labelled} labelled of {evidence.rows} rows"
    if evidence.difference is None or evidence.low is None or evidence.high is None:
        return f"{labelled}: nothing to compare yet"
    return (
        f"{labelled}: {rules.metric} of challenger - champion {evidence.difference:+.4f}, "
        f"{float(rules.confidence):.2%} interval {evidence.low:+.4f}..{evidence.high:+.4f}, "
        f"margin {float(rules.margin):g}"
    )


def _judge_evidence(rules: Rollout, evidence: RolloutEvidence) -> Judgement:
    told = describe(rules, evidence)
    if evidence.high is not None and evidence.high < -rules.margin:
        return _taken_back(Reason.WORSE, f"{told}.")
    enough = evidence.labelled >= rules.min_rows
    if enough and evidence.low is not None and evidence.low > -rules.margin:
        return Judgement(RolloutState.PROMOTED, Reason.NOT_WORSE, f"{told}.")
    if evidence.labelled < rules.max_rows:
        words = f"{told}; at least {rules.min_rows} labelled rows are needed."
        return Judgement(RolloutState.PROGRESSING, Reason.SHADOWING, words)
    words = f"{told}; `maxRows` {rules.max_rows} decide nothing."
    if rules.on_inconclusive is OnInconclusive.ROLL_BACK:
        return _taken_back(Reason.INCONCLUSIVE, words)
    return Judgement(RolloutState.HELD, Reason.HELD, words)


def _taken_back(reason: str, message: str) -> Judgement:
    return Judgement(RolloutState.ROLLED_BACK, reason, message)


def _is_noticed(pace: Pace) -> bool:
    return pace.rows >= MIN_PACE_ROWS and pace.extra_seconds > NOTICED_SECONDS
