"""Contradictions across fields and objects, found by the operator's own rules."""

import re
from collections.abc import Iterator, Sequence

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.manifest_files import Document, FieldPath
from trimtab_operator.cli.strictness import Finding, TrimtabObject, finding
from trimtab_operator.domain.dataset_rules import dataset_faults
from trimtab_operator.domain.monitor_rules import monitor_doubts, monitor_faults
from trimtab_operator.domain.recipe_rules import recipe_faults
from trimtab_operator.domain.spec_fault import SpecFault
from trimtab_operator.domain.validation import model_faults

PART = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def contradictions(
    document: Document, item: TrimtabObject, objects: Sequence[TrimtabObject]
) -> Iterator[Finding]:
    """Yield what the operator would say in the Validated condition.

    Args:
        document: where the object stands.
        item: the object.
        objects: all valid objects of the manifests.
    """
    for fault in _faults(item, objects):
        yield finding(document, path_of(fault.field), fault.message)


def doubts(document: Document, item: TrimtabObject) -> Iterator[Finding]:
    """Yield what the operator would warn of in the Validated condition."""
    if isinstance(item, DriftMonitor):
        for doubt in monitor_doubts(item.spec):
            yield finding(document, path_of(doubt.field), doubt.message, "warning")


def _faults(item: TrimtabObject, objects: Sequence[TrimtabObject]) -> list[SpecFault]:
    match item:
        case Dataset():
            return dataset_faults(item.spec)
        case Pipeline():
            dataset = dataset_of(item, objects)
            return recipe_faults(item.spec, dataset.spec) if dataset else []
        case Model():
            return [*model_faults(item), *_rivals(item, objects)]
        case DriftMonitor():
            model = model_of(item, objects)
            return monitor_faults(item.spec, model, _data_of(model, objects))
        case _:
            return []


def model_of(monitor: DriftMonitor, objects: Sequence[TrimtabObject]) -> Model | None:
    """Return the Model that a DriftMonitor names, or None."""
    name, namespace = monitor.spec.model_ref.name, monitor.metadata.namespace
    found = (
        item
        for item in objects
        if isinstance(item, Model)
        and (item.metadata.name, item.metadata.namespace) == (name, namespace)
    )
    return next(found, None)


def pipeline_of(model: Model | None, objects: Sequence[TrimtabObject]) -> Pipeline | None:
    """Return the Pipeline that a Model names, or None."""
    if model is None or model.spec.pipeline_ref is None:
        return None
    name, namespace = model.spec.pipeline_ref.name, model.metadata.namespace
    found = (
        item
        for item in objects
        if isinstance(item, Pipeline)
        and (item.metadata.name, item.metadata.namespace) == (name, namespace)
    )
    return next(found, None)


def _data_of(model: Model | None, objects: Sequence[TrimtabObject]) -> Dataset | None:
    """Return what the Pipeline of a Model trains on, or None."""
    pipeline = pipeline_of(model, objects)
    return None if pipeline is None else dataset_of(pipeline, objects)


def dataset_of(pipeline: Pipeline, objects: Sequence[TrimtabObject]) -> Dataset | None:
    """Return the Dataset that a Pipeline names, or None."""
    name, namespace = pipeline.spec.dataset_ref.name, pipeline.metadata.namespace
    found = (
        item
        for item in objects
        if isinstance(item, Dataset)
        and (item.metadata.name, item.metadata.namespace) == (name, namespace)
    )
    return next(found, None)


def _rivals(model: Model, objects: Sequence[TrimtabObject]) -> Iterator[SpecFault]:
    """Yield a fault where an earlier Model serves the same Pipeline."""
    reference = model.spec.pipeline_ref
    if reference is None:
        return
    for other in objects:
        if other is model:
            return
        if isinstance(other, Model) and other.spec.pipeline_ref == reference:
            words = (
                f"Model '{other.metadata.name}' already serves Pipeline '{reference.name}', which "
                "has one Model; remove one of the two, or name another Pipeline"
            )
            yield SpecFault("spec.pipelineRef.name", words)


def path_of(field: str) -> FieldPath:
    """Return the path that `spec.lags[0].column` means."""
    return tuple(
        int(match[1]) if match[1] is not None else match[2] for match in PART.finditer(field)
    )
