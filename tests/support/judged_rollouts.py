"""Simulated rollouts through the operator's own policy and the paired statistic of the monitor."""

import numpy as np

from support.paired_rollouts import Case, Integers, answers
from trimtab_operator.api.rollout import Rollout, RolloutEvidence, RolloutState
from trimtab_operator.domain.rollout import judge_rollout
from trimtab_operator.domain.version_health import Health
from trimtab_operator.storage.window_entry import decimal
from trimtab_stages.drift.paired import Comparison, compare

CHALLENGER = f"sha256:{'b' * 64}"
STEP_ROWS = 50
"""Labelled rows between two looks."""
WELL = Health()


def roll_out(
    case: Case, rules: Rollout, random: np.random.Generator, step: int = STEP_ROWS
) -> tuple[RolloutState, int]:
    """Return how one rollout ends, and after how many labelled rows."""
    truth, champion, challenger = answers(case, rules.max_rows, random)
    for rows in [*range(step, rules.max_rows, step), rules.max_rows]:
        state = judge(rules, truth[:rows], champion[:rows], challenger[:rows])
        if state is not RolloutState.PROGRESSING:
            return state, rows
    return RolloutState.PROGRESSING, rules.max_rows


def judge(
    rules: Rollout, truth: Integers, champion: Integers, challenger: Integers
) -> RolloutState:
    """Return what becomes of a challenger of two classes that is well, after some labelled rows."""
    found = compare(
        truth,
        champion,
        challenger,
        rules.metric,
        classes=2,
        margin=float(rules.margin),
        confidence=float(rules.confidence),
    )
    return judge_rollout(rules, evidence_of(found), WELL, confirmed=True).state


def evidence_of(found: Comparison) -> RolloutEvidence:
    """Return a comparison as the monitor writes it into the status."""
    numbers = {"difference": found.difference, "low": found.low, "high": found.high}
    return RolloutEvidence.model_validate(
        {"digest": CHALLENGER, "rows": found.rows, "labelled": found.rows}
        | {name: decimal(number) for name, number in numbers.items()}
    )
