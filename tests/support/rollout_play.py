"""What follows from the rollout rules of a Model, whatever they are: where each decision turns."""

from bisect import bisect_left
from datetime import timedelta

import numpy as np

from support.judged_rollouts import evidence_of
from support.paired_rollouts import Case, answers
from support.rollouts import A, B, applied, decide, evidence, made, roles, served, stored
from support.worlds import NOW, later
from trimtab_operator.api.model import Model, ModelStatus
from trimtab_operator.api.rollout import Rollout, RolloutEvidence, RolloutState
from trimtab_operator.domain.rollout import judge_rollout
from trimtab_operator.domain.serving_plan import plan_of_commit
from trimtab_operator.domain.version_health import Health
from trimtab_stages.drift.paired import compare

MOST_ROWS = 20_000
GUARD_SECONDS = 1000
MOST_SECONDS = 100_000_000


def turning_points(model: Model) -> list[object]:
    """Return at how many rows, at which difference and after how many seconds a Model turns.

    Args:
        model: a Model; without rules there is nothing that turns.
    """
    rules = model.spec.rollout
    if rules is None:
        return []
    clear, unclear = 0.05, -0.02
    return [
        _first_rows(rules, clear, RolloutState.PROMOTED),
        _first_rows(rules, unclear, RolloutState.HELD),
        _first_rows(rules, unclear, RolloutState.ROLLED_BACK),
        [_judge(rules, MOST_ROWS, step / 200) for step in range(-40, 40)],
        _unlabelled_seconds(rules),
        _guarded_seconds(model),
        _compared(rules),
    ]


def _first_rows(rules: Rollout, difference: float, state: RolloutState) -> int:
    """Return from how many rows on a rollout is in a state; `MOST_ROWS` if never."""
    return bisect_left(
        range(MOST_ROWS), 1, key=lambda rows: _judge(rules, rows, difference) is state
    )


def _judge(rules: Rollout, rows: int, difference: float) -> RolloutState:
    told = RolloutEvidence.model_validate(evidence(rows, difference))
    return judge_rollout(rules, told, Health(), confirmed=True).state


def _unlabelled_seconds(rules: Rollout) -> int:
    """Return for how many seconds a rollout without labels goes on."""

    def is_over(second: int) -> bool:
        age = timedelta(seconds=second)
        found = judge_rollout(rules, None, Health(), confirmed=True, age=age)
        return found.state is RolloutState.ROLLED_BACK

    return bisect_left(range(MOST_SECONDS), 1, key=is_over)


def _compared(rules: Rollout) -> RolloutEvidence:
    """Return what the monitor finds about the same rows."""
    rows = answers(Case(0.2, 0.10, 0.0), 400, np.random.default_rng(1))
    margin, confidence = float(rules.margin), float(rules.confidence)
    found = compare(*rows, rules.metric, classes=2, margin=margin, confidence=confidence)
    return evidence_of(found)


def _guarded_seconds(model: Model) -> int:
    """Return for how many seconds the former champion stays loaded."""
    status = {
        "champion": stored("b") | {"since": NOW},
        "history": [stored("a")],
        "rollout": {"digest": B, "state": "Promoted", "former": A},
    }
    subject = model.model_copy(update={"status": ModelStatus.model_validate(status)})
    plan = plan_of_commit(subject, made("b"), former=made("a"))

    def is_over(second: int) -> bool:
        found, _ = decide(subject, served(plan), later(second))
        return roles(applied(found)) == "b100"

    return bisect_left(range(GUARD_SECONDS), 1, key=is_over)
