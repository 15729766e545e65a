"""The Validated condition: checks across fields and objects that the schema cannot make."""

from trimtab_operator.api.conditions import Reason
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.domain.conditions import Verdict
from trimtab_operator.domain.dataset_rules import dataset_faults, foreign_uri
from trimtab_operator.domain.monitor_rules import monitor_doubts, monitor_faults
from trimtab_operator.domain.observed import ObservedDriftMonitor, ObservedModel
from trimtab_operator.domain.recipe_rules import recipe_faults
from trimtab_operator.domain.rollout_rules import rollout_faults
from trimtab_operator.domain.spec_fault import Interval, SpecFault, outside, verdict_of


def dataset_verdict(dataset: Dataset) -> Verdict:
    """Return the Validated condition of a Dataset."""
    return verdict_of(dataset_faults(dataset.spec))


def pipeline_verdict(pipeline: Pipeline, dataset: Dataset | None) -> Verdict:
    """Return the Validated condition of a Pipeline."""
    if dataset is None:
        name = pipeline.spec.dataset_ref.name
        return verdict_of([_missing("spec.datasetRef.name", "Dataset", name)])
    return verdict_of(recipe_faults(pipeline.spec, dataset.spec))


def model_verdict(model: Model, seen: ObservedModel) -> Verdict:
    """Return the Validated condition of a Model."""
    faults = [*model_faults(model)]
    reference = model.spec.pipeline_ref
    if reference is not None and seen.siblings:
        faults.append(_second_model(reference.name, seen.siblings[0]))
    if reference is not None and seen.pipeline is None:
        faults.append(_missing("spec.pipelineRef.name", "Pipeline", reference.name))
    return verdict_of(faults)


def model_faults(model: Model) -> list[SpecFault]:
    """Return everything that contradicts itself in a Model's spec."""
    shares = [Interval("spec.capture.fraction", model.spec.capture.fraction, "0", "1")]
    source = model.spec.onnx
    uris = foreign_uri("spec.onnx.uri", source.uri) if source is not None else ()
    return [*outside(shares), *rollout_faults(model.spec), *uris]


def monitor_verdict(monitor: DriftMonitor, seen: ObservedDriftMonitor) -> Verdict:
    """Return the Validated condition of a DriftMonitor."""
    faults = monitor_faults(monitor.spec, seen.model, seen.dataset)
    if seen.model is None:
        faults.append(_missing("spec.modelRef.name", "Model", monitor.spec.model_ref.name))
    return verdict_of(faults, monitor_doubts(monitor.spec))


def _missing(field: str, kind: str, name: str) -> SpecFault:
    words = f"{kind} `{name}` does not exist in this namespace; create it, or correct the name"
    return SpecFault(field, words, Reason.REFERENCE_NOT_FOUND)


def _second_model(pipeline: str, older: Model) -> SpecFault:
    return SpecFault(
        "spec.pipelineRef.name",
        f"Model `{older.metadata.name}` already serves Pipeline `{pipeline}`, which has one Model; "
        "delete one of the two, or name another Pipeline",
        Reason.NAME_COLLISION,
    )
