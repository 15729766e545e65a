"""What a replay plays: the rules of the demo's manifests, and the arms beside it."""

from collections.abc import Sequence
from typing import Any

import pytest

from demo.scenario import SCENARIOS
from replay.arms import EVERY, FROZEN, schedules
from replay.rules import LoopRules
from support.examples import example_model, example_pipeline
from support.ruled_windows import RuledWindows
from trimtab_operator.api.monitor_status import RetrainState
from trimtab_stages.contract.gates import GateKind, Metric

BIKES, CGM = (SCENARIOS[name]().manifests for name in ("bikes", "cgm"))
DIGEST = f"sha256:{'a' * 64}"


def test_rules_are_those_of_the_manifests() -> None:
    rules = LoopRules.of(BIKES)

    assert rules.recipe == example_pipeline("bikes").spec.recipe()
    assert rules.rollout == example_model("bikes").spec.rollout
    written = BIKES[3]["spec"]
    assert rules.monitor.window.min_labels == written["window"]["minLabels"]
    assert [rule.name for rule in rules.monitor.rules] == [one["name"] for one in written["rules"]]
    assert rules.monitor.guards.breaker_failures == written["guards"]["breakerFailures"]
    assert rules.quality.metric is Metric.BALANCED_ACCURACY


def test_triggers_and_rollouts_are_the_same_for_all_data() -> None:
    """But for the number of rows that a rollout may take, which is a window's."""
    bikes, cgm = LoopRules.of(BIKES), LoopRules.of(CGM)

    assert (bikes.monitor.rules, bikes.monitor.guards) == (cgm.monitor.rules, cgm.monitor.guards)
    assert bikes.monitor.window.min_labels == cgm.monitor.window.min_labels
    most = {"max_rows": bikes.rollout.max_rows}
    assert cgm.rollout.model_copy(update=most) == bikes.rollout


@pytest.mark.parametrize(
    ("manifests", "why"),
    [
        pytest.param(BIKES[:3], "a Pipeline, a Model and a DriftMonitor", id="no monitor"),
        pytest.param(
            [*BIKES[:2], BIKES[2] | {"spec": {"pipelineRef": {"name": "bikes"}}}, BIKES[3]],
            "no `spec.rollout`",
            id="no rollout",
        ),
    ],
)
def test_a_loop_needs_all_rules(manifests: Sequence[dict[str, Any]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        LoopRules.of(manifests)


def test_other_data_has_no_gate_on_a_share_of_right_decisions() -> None:
    rules = LoopRules.of(BIKES)
    kinds = [gate.kind for gate in rules.without_absolute_gates().recipe.gates]

    assert kinds == [gate.kind for gate in rules.recipe.gates if gate.kind is not GateKind.METRIC]
    assert len(kinds) < len(rules.recipe.gates)


@pytest.mark.parametrize(
    ("windows", "retrains"),
    [pytest.param(18, 0, id="none"), pytest.param(18, 1, id="one"), pytest.param(12, 3, id="some")],
)
def test_arms_retrain_never_always_and_as_often_as_the_loop(windows: int, retrains: int) -> None:
    found = schedules(windows, retrains)

    assert found.pop(FROZEN) == []
    assert found.pop(EVERY) == list(range(1, windows))
    assert {arm.partition(" ")[0].rstrip(",") for arm in found} == {"periodic", "random"}
    for when in found.values():
        assert len(set(when)) == retrains
        assert all(1 <= window < windows for window in when)


@pytest.mark.parametrize(
    ("ends", "broken"),
    [
        pytest.param([], False, id="no retrain"),
        pytest.param([RetrainState.FAILED] * 2, False, id="two have failed"),
        pytest.param(
            [RetrainState.FAILED, RetrainState.ROLLED_BACK, RetrainState.FAILED],
            True,
            id="three in a row have failed",
        ),
        pytest.param(
            [RetrainState.FAILED] * 2 + [RetrainState.PASSED, RetrainState.FAILED],
            False,
            id="one passed between",
        ),
    ],
)
def test_failures_in_a_row_end_retraining(ends: list[RetrainState], *, broken: bool) -> None:
    ruled = RuledWindows(LoopRules.of(BIKES).monitor)
    for state in ends:
        ruled.match(DIGEST, 720, [])
        ruled.retrain()
        ruled.end(state)

    assert ruled.is_broken() is broken
