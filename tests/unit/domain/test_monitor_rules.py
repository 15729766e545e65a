"""Contradictions in a DriftMonitor's spec, each told by its field."""

from typing import Any

import pytest

from support.decisions import rule, spec_of
from support.worlds import dataset, model
from trimtab_operator.domain.monitor_rules import monitor_doubts, monitor_faults

FAULTS = {"name": "faults", "kind": "DataFault"}
INPUTS = {"name": "inputs", "kind": "InputDrift"}
QUALITY = {"name": "quality", "kind": "RealisedQuality"}


def faults(**spec: Any) -> list[str]:
    found = monitor_faults(spec_of(**spec), model(), dataset())
    return [str(item) for item in found]


def test_the_defaults_are_consistent() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param(
            {"rules": [rule(signal="qualty")]},
            "`spec.rules[0].signal`: `qualty` is none of `spec.signals`: faults, inputs, outputs, "
            "quality",
            id="a rule on a signal that is not there",
        ),
        pytest.param(
            {"rules": [rule(signal="faults")]},
            "`spec.rules[0].outcome`: faults of the data say nothing about the model; write "
            "HoldRetraining or Alert",
            id="a retrain for faults",
        ),
        pytest.param(
            {"rules": [rule(value="-1")]},
            "`spec.rules[0].value`: must not be below 0",
            id="a negative value",
        ),
        pytest.param(
            {"rules": [rule(), rule()]},
            "`spec.rules`: `worse` is there 2 times; rename one",
            id="two rules of one name",
        ),
        pytest.param(
            {"signals": [FAULTS, FAULTS], "rules": []},
            "`spec.signals`: `faults` is there 2 times; rename one",
            id="two signals of one name",
        ),
        pytest.param(
            {"signals": [FAULTS | {"features": ["temperature"]}], "rules": []},
            "`spec.signals[0].features`: belongs to kind InputDrift",
            id="features of faults",
        ),
        pytest.param(
            {"signals": [QUALITY | {"falseDiscoveryRate": "0.05"}], "rules": []},
            "`spec.signals[0].falseDiscoveryRate`: belongs to kind InputDrift",
            id="false discoveries of quality",
        ),
        pytest.param(
            {"signals": [INPUTS | {"metric": "Recall"}], "rules": []},
            "`spec.signals[0].metric`: belongs to kind RealisedQuality",
            id="a metric of inputs",
        ),
        pytest.param(
            {"signals": [QUALITY | {"metric": "RocAuc"}], "rules": []},
            "`spec.signals[0].metric`: RocAuc needs scores of all rows; choose one of "
            "BalancedAccuracy, Accuracy, Recall, Precision, FalsePositiveRate",
            id="a metric that labels cannot give",
        ),
        pytest.param(
            {"signals": [INPUTS | {"falseDiscoveryRate": "1.5"}], "rules": []},
            "`spec.signals[0].falseDiscoveryRate`: 1.5 must lie between 0 and 1",
            id="a rate above one",
        ),
        pytest.param(
            {"signals": [INPUTS | {"effect": "-0.1"}], "rules": []},
            "`spec.signals[0].effect`: must not be below 0",
            id="a negative effect",
        ),
        pytest.param(
            {"signals": [INPUTS | {"features": ["temprature"]}], "rules": []},
            "`spec.signals[0].features`: `temprature` is no feature of Dataset `bikes`: "
            "temperature",
            id="a feature that is not there",
        ),
        pytest.param(
            {"window": {"seconds": 1000}},
            "`spec.window.seconds`: Model `bikes` keeps statistics in buckets of 300 seconds; "
            "1000 must be a multiple of it",
            id="a window that cuts panes",
        ),
        pytest.param(
            {"window": {"anchor": "2026-01-01T00:00:01Z"}},
            "`spec.window.anchor`: Model `bikes` keeps statistics in buckets of 300 seconds since "
            "1970; it must be the edge of one",
            id="an anchor inside a pane",
        ),
    ],
)
def test_a_contradiction_is_told(spec: dict[str, Any], told: str) -> None:
    assert faults(**spec) == [told]


HOLD = {"name": "hold", "signal": "faults", "value": "0", "outcome": "HoldRetraining"}
DOUBT = (
    "`spec.rules[{}]`: rule `worse` retrains also where the data, not the model, is at fault; put "
    "a rule on {} with outcome HoldRetraining before it"
)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        pytest.param({}, [], id="the defaults"),
        pytest.param({"rules": [HOLD, rule()]}, [], id="held before"),
        pytest.param({"rules": [HOLD | {"outcome": "Alert"}, rule()]}, [], id="alerted before"),
        pytest.param({"rules": [rule(outcome="Alert")]}, [], id="nothing retrains"),
        pytest.param(
            {"rules": [rule(), HOLD]}, [DOUBT.format(0, "signal `faults`")], id="held too late"
        ),
        pytest.param(
            {
                "signals": [QUALITY],
                "rules": [rule(name="a", outcome="Alert"), rule(), rule(name="b")],
            },
            [DOUBT.format(1, "a signal of kind DataFault")],
            id="faults are not looked for",
        ),
    ],
)
def test_a_retrain_for_faulty_data_is_warned_of(spec: dict[str, Any], told: list[str]) -> None:
    assert [str(item) for item in monitor_doubts(spec_of(**spec))] == told
    assert faults(**spec) == []


def test_what_the_model_would_tell_waits_for_the_model() -> None:
    spec = spec_of(window={"seconds": 1000}, signals=[INPUTS | {"features": ["x"]}], rules=[])

    assert monitor_faults(spec, None, None) == []
