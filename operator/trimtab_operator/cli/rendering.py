"""The child objects that the operator would create, made by its own builders."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from trimtab_operator.api.base import ObjectMeta
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun, PipelineRunSpec
from trimtab_operator.cli.strictness import TrimtabObject
from trimtab_operator.domain import identity
from trimtab_operator.domain.serving_plan import plan_of_file
from trimtab_operator.manifests.ingest_job import build_ingest
from trimtab_operator.manifests.meta import Manifest
from trimtab_operator.manifests.pipeline_run import build_pipeline_run
from trimtab_operator.manifests.rayjob import build_ray_training
from trimtab_operator.manifests.release import Launcher, Release
from trimtab_operator.manifests.server import build_plan_config, build_server
from trimtab_operator.manifests.training_job import build_training
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.layout import snapshot_file
from trimtab_stages.contract.run import TriggerType

UNKNOWN = f"sha256:{'0' * 64}"
"""Stands where only the cluster knows a digest."""

Owned = TypeVar("Owned", Dataset, Pipeline, Model)


def render(
    item: TrimtabObject, release: Release, namespace: str, now: datetime
) -> Sequence[Manifest]:
    """Return the children of one object; digests that only the cluster knows are zeros.

    Args:
        item: the object.
        release: images, code version and launcher.
        namespace: where the object names none.
        now: instant that causes are identified with.
    """
    match item:
        case Dataset():
            dataset = _placed(item, namespace)
            return build_ingest(dataset, release, identity.ingest_id(dataset, now))
        case Pipeline():
            return _render_run(_placed(item, namespace), release)
        case Model():
            return _render_server(_placed(item, namespace), release)
        case PipelineRun():
            return _build_launch(item, release)
        case DriftMonitor():
            return []  # it has no children: decisions are in its status


def _placed(item: Owned, namespace: str) -> Owned:
    metadata = item.metadata
    if metadata.namespace:
        return item
    placed = metadata.model_copy(update={"namespace": namespace})
    return item.model_copy(update={"metadata": placed})


def _render_run(pipeline: Pipeline, release: Release) -> list[Manifest]:
    trigger_id = identity.trigger_id(pipeline, TriggerType.NEW_SNAPSHOT, UNKNOWN)
    dataset = pipeline.spec.dataset_ref.name
    key = snapshot_file(dataset, UNKNOWN, "manifest.json")
    spec = PipelineRunSpec(
        pipeline=pipeline.metadata.name,
        pipeline_uid=pipeline.metadata.uid,
        pipeline_generation=pipeline.metadata.generation,
        trigger=TriggerType.NEW_SNAPSHOT,
        trigger_id=trigger_id,
        trigger_message="rendered without a cluster; the snapshot is not known",
        dataset=dataset,
        snapshot=UNKNOWN,
        manifest=ArtifactRef(key=key, digest=UNKNOWN, size=0),
        recipe=pipeline.spec.recipe(),
        compute=pipeline.spec.compute,
        code_version=release.code_version,
    )
    manifest = build_pipeline_run(pipeline, spec)
    named = ObjectMeta(name=manifest["metadata"]["name"], namespace=pipeline.metadata.namespace)
    return [manifest, *_build_launch(PipelineRun(metadata=named, spec=spec), release)]


def _build_launch(run: PipelineRun, release: Release) -> list[Manifest]:
    build = build_ray_training if release.launcher is Launcher.RAY_JOB else build_training
    return build(run, release)


def _render_server(model: Model, release: Release) -> list[Manifest]:
    source = model.spec.onnx
    plan = [build_plan_config(model, plan_of_file(model, source))] if source else []
    return [*plan, *build_server(model, release)]
