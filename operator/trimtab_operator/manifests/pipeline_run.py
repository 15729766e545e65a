"""A PipelineRun object, as the operator creates it."""

from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRunSpec
from trimtab_operator.manifests import labels, names
from trimtab_operator.manifests.meta import Manifest, build_metadata
from trimtab_stages.contract.run import TriggerType


def build_pipeline_run(pipeline: Pipeline, spec: PipelineRunSpec) -> Manifest:
    """Return the run of one cause; the same cause always has the same name.

    The run of a request carries the request, so that it is known to be served.
    """
    name = names.run_name(pipeline.metadata.name, spec.trigger_id)
    found = labels.pipeline_run(pipeline.metadata.name, spec.trigger_id)
    metadata = build_metadata(name, found, "Pipeline", pipeline.metadata)
    if spec.trigger is TriggerType.REQUEST:
        value = pipeline.metadata.annotations.get(labels.RUN_REQUESTED, "")
        metadata["annotations"] = {labels.RUN_REQUESTED: value}
    return {
        "apiVersion": API_VERSION,
        "kind": "PipelineRun",
        "metadata": metadata,
        "spec": spec.to_wire(),
    }
