"""Checks across fields and objects that the schema cannot make."""

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.domain.conditions import Verdict, is_false, is_true
from trimtab_operator.domain.observed import ObservedModel

VALIDATED = ConditionType.VALIDATED


def dataset_verdict(dataset: Dataset) -> Verdict:
    """Return the Validated condition of a Dataset."""
    return is_true(ConditionType.VALIDATED, Reason.VALID, "The spec is consistent.")


def pipeline_verdict(pipeline: Pipeline, dataset: Dataset | None) -> Verdict:
    """Return the Validated condition of a Pipeline."""
    name = pipeline.spec.dataset_ref.name
    if dataset is None:
        return is_false(
            VALIDATED,
            Reason.REFERENCE_NOT_FOUND,
            f"Dataset `{name}` does not exist in namespace `{pipeline.metadata.namespace}`. Create "
            "it, or correct `spec.datasetRef.name`.",
        )
    return is_true(VALIDATED, Reason.VALID, "The spec is consistent.")


def model_verdict(model: Model, seen: ObservedModel) -> Verdict:
    """Return the Validated condition of a Model."""
    reference = model.spec.pipeline_ref
    if seen.siblings:
        other = seen.siblings[0].metadata.name
        return is_false(
            VALIDATED,
            Reason.NAME_COLLISION,
            f"Model `{other}` already serves Pipeline `{reference.name if reference else ''}`; a "
            "Pipeline has one Model. Delete one of the two, or point this one at another Pipeline.",
        )
    if reference is not None and seen.pipeline is None:
        return is_false(
            VALIDATED,
            Reason.REFERENCE_NOT_FOUND,
            f"Pipeline `{reference.name}` does not exist in namespace "
            f"`{model.metadata.namespace}`. Create it, or correct `spec.pipelineRef.name`.",
        )
    return is_true(VALIDATED, Reason.VALID, "The spec is consistent.")
