"""The Validated condition of each kind."""

from typing import Any

import pytest
from pydantic import ValidationError

from support.specs import DIGEST
from support.worlds import RELEASE, STORE, dataset, model, pipeline
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.validation import (
    dataset_verdict,
    model_faults,
    model_verdict,
    pipeline_verdict,
)


def test_consistent_specs_are_valid() -> None:
    seen = ObservedModel(release=RELEASE, storage=STORE, pipeline=pipeline())
    verdicts = [
        dataset_verdict(dataset()),
        pipeline_verdict(pipeline(), dataset()),
        model_verdict(model(), seen),
    ]

    assert {verdict.status for verdict in verdicts} == {"True"}


def test_a_missing_dataset_is_named() -> None:
    verdict = pipeline_verdict(pipeline(), None)

    assert verdict.reason == "ReferenceNotFound"
    assert verdict.message == (
        "`spec.datasetRef.name`: Dataset `bikes` does not exist in this namespace; create it, or "
        "correct the name."
    )


def test_a_models_own_faults_come_before_missing_objects() -> None:
    seen = ObservedModel(release=RELEASE, storage=STORE)

    verdict = model_verdict(model(capture={"fraction": "1.5"}), seen)

    assert verdict.reason == "InvalidSpec"


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
def test_a_limit_of_a_rollout_outside_its_range_is_refused(
    rollout: dict[str, str], field: str
) -> None:
    (fault,) = model_faults(model(rollout=rollout))

    assert fault.field == field


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
def test_a_contradiction_in_a_rollout_is_refused(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        model(**spec)


def test_a_file_outside_the_bucket_is_refused() -> None:
    onnx = {"uri": "/etc/passwd", "digest": f"sha256:{'a' * 64}"}

    (fault,) = model_faults(model(pipelineRef=None, onnx=onnx))

    assert fault.field == "spec.onnx.uri"
