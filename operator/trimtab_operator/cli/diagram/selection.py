"""The objects that belong to one loop."""

from collections.abc import Sequence

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import KINDS
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.strictness import TrimtabObject

SPELLINGS = {
    spelling: kind.kind
    for kind in KINDS
    for spelling in (kind.kind.lower(), kind.plural, kind.short_name)
}


def select(objects: Sequence[TrimtabObject], target: str) -> tuple[TrimtabObject, ...]:
    """Return the objects of the loops that an object is part of.

    Args:
        objects: all objects.
        target: `model/x`, as kubectl writes it: kind, plural or short name.

    Raises:
        Refusal: the target has another form, or is not among the objects.
    """
    spelling, _, name = target.partition("/")
    kind = SPELLINGS.get(spelling.lower())
    if kind is None or not name:
        raise Refusal(
            "InvalidTarget", f"'{target}' is no target; write model/NAME or pipeline/NAME"
        )
    found = [item for item in objects if type(item).__name__ == kind and item.metadata.name == name]
    if not found:
        raise Refusal("NotFound", f"{kind} '{name}' is not there; see `kubectl get {spelling}`")
    watched = {item.spec.model_ref.name for item in found if isinstance(item, DriftMonitor)}
    found += [item for item in objects if isinstance(item, Model) and item.metadata.name in watched]
    pipelines = {_pipeline_of(item) for item in found} - {None}
    if isinstance(found[0], Dataset):
        pipelines = {
            item.metadata.name
            for item in objects
            if isinstance(item, Pipeline) and item.spec.dataset_ref.name == name
        }
    datasets = {
        item.spec.dataset_ref.name
        for item in objects
        if isinstance(item, Pipeline) and item.metadata.name in pipelines
    }
    chosen = [
        item
        for item in objects
        if item in found
        or _pipeline_of(item) in pipelines
        or (isinstance(item, Dataset) and item.metadata.name in datasets)
    ]
    models = {item.metadata.name for item in chosen if isinstance(item, Model)}
    return tuple(
        item
        for item in objects
        if item in chosen or (isinstance(item, DriftMonitor) and item.spec.model_ref.name in models)
    )


def _pipeline_of(item: TrimtabObject) -> str | None:
    match item:
        case Pipeline():
            return item.metadata.name
        case PipelineRun():
            return item.spec.pipeline
        case Model() if item.spec.pipeline_ref is not None:
            return item.spec.pipeline_ref.name
        case _:
            return None
