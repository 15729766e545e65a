"""The Validated condition of each kind."""

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


def test_a_file_outside_the_bucket_is_refused() -> None:
    onnx = {"uri": "/etc/passwd", "digest": f"sha256:{'a' * 64}"}

    (fault,) = model_faults(model(pipelineRef=None, onnx=onnx))

    assert fault.field == "spec.onnx.uri"
