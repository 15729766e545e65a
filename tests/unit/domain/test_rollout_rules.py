"""Rollout rules that are refused, with the field that is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from support.specs import DIGEST
from support.worlds import model
from trimtab_operator.domain.rollout_rules import rollout_faults
from trimtab_operator.domain.validation import model_faults


@pytest.mark.parametrize(
    ("rollout", "field"),
    [
        ({"margin": "1.1"}, "spec.rollout.margin"),
        ({"margin": "-0.1"}, "spec.rollout.margin"),
        ({"confidence": "1"}, "spec.rollout.confidence"),
        ({"maxErrorRate": "1.5"}, "spec.rollout.maxErrorRate"),
        ({"maxLatencyRatio": "0.9"}, "spec.rollout.maxLatencyRatio"),
    ],
)
def test_a_limit_outside_its_range_is_refused(rollout: dict[str, str], field: str) -> None:
    (fault,) = rollout_faults(model(rollout=rollout).spec)

    assert fault.field == field


def test_a_rollout_without_rows_could_never_end() -> None:
    (fault,) = model_faults(model(rollout={}, capture={"fraction": "0"}))

    assert str(fault).startswith("`spec.capture.fraction`: is 0, so no row")


@pytest.mark.parametrize("spec", [{"rollout": {}}, {"capture": {"fraction": "0"}}])
def test_each_alone_is_fine(spec: dict[str, Any]) -> None:
    assert model_faults(model(**spec)) == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"rollout": {"minRows": 10, "maxRows": 9}}, "must not be below"),
        ({"rollout": {"metric": "Recall"}}, "BalancedAccuracy or Accuracy"),
        (
            {"rollout": {}, "pipelineRef": None, "onnx": {"uri": "raw/m", "digest": DIGEST}},
            "`rollout` belongs to `pipelineRef`",
        ),
    ],
)
def test_a_contradiction_is_refused(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        model(**spec)
