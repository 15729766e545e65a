"""Policy and paired statistic together: what is clear is decided, and soon."""

import numpy as np
import pytest

from support.judged_rollouts import roll_out
from support.paired_rollouts import Case
from trimtab_operator.api.rollout import Rollout, RolloutState
from trimtab_stages.contract.gates import Metric


@pytest.mark.parametrize(
    ("difference", "rules", "end", "at_most"),
    [
        pytest.param(0.05, {}, "Promoted", 500, id="much better"),
        pytest.param(-0.08, {}, "RolledBack", 1500, id="much worse"),
        pytest.param(0.05, {"minRows": 800}, "Promoted", 800, id="not before minRows"),
        pytest.param(-0.02, {"maxRows": 500}, "Held", 500, id="too close to tell"),
        pytest.param(
            -0.02,
            {"maxRows": 500, "onInconclusive": "RollBack"},
            "RolledBack",
            500,
            id="too close to tell, taken back",
        ),
    ],
)
def test_a_simulated_rollout(
    difference: float, rules: dict[str, object], end: str, at_most: int
) -> None:
    case = Case(0.5, 0.10, difference)
    told = Rollout.model_validate(rules)

    ends = [roll_out(case, told, np.random.default_rng(seed)) for seed in range(5)]

    assert {state for state, _ in ends} == {end}
    assert max(rows for _, rows in ends) <= at_most
    assert min(rows for _, rows in ends) >= min(told.min_rows, at_most)


@pytest.mark.parametrize(
    ("case", "end", "least", "most"),
    [
        pytest.param(Case(0.5, 0.1, -0.02), RolloutState.PROMOTED, 0, 1, id="worse by the margin"),
        pytest.param(Case(0.5, 0.08, 0.0), RolloutState.PROMOTED, 16, 20, id="equal"),
        pytest.param(
            Case(0.3, 0.06, 0.0), RolloutState.PROMOTED, 16, 20, id="equal, a third positive"
        ),
        pytest.param(Case(0.5, 0.1, 0.03), RolloutState.PROMOTED, 19, 20, id="better"),
        pytest.param(Case(0.5, 0.1, -0.06), RolloutState.ROLLED_BACK, 18, 20, id="far worse"),
        pytest.param(
            Case(0.1, 0.08, 0.0, Metric.ACCURACY),
            RolloutState.PROMOTED,
            17,
            20,
            id="equal in accuracy",
        ),
    ],
)
def test_twenty_rollouts_end_as_they_should(
    case: Case, end: RolloutState, least: int, most: int
) -> None:
    random = np.random.default_rng(5)
    rules = Rollout(metric=case.metric)
    ends = [roll_out(case, rules, random, step=400)[0] for _ in range(20)]

    assert least <= ends.count(end) <= most
