"""Composes the picture of a scene: one loop for each Pipeline, and for what stands alone."""

from itertools import pairwise

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.diagram.data_boxes import (
    build_ingest,
    build_snapshot,
    build_source,
    undeclared,
)
from trimtab_operator.cli.diagram.picture import Arrow, Box, Flow, Loop, Picture, Place, State
from trimtab_operator.cli.diagram.run_boxes import (
    build_gates,
    build_run,
    build_trigger,
    view_run,
)
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.serving_boxes import (
    build_evidence,
    build_serving,
    build_version,
)
from trimtab_operator.cli.diagram.wording import day
from trimtab_stages.contract.snapshot import SnapshotManifest

FLOW = tuple(Place)
FEEDBACK = (
    Arrow(Place.EVIDENCE, Place.SOURCE, Flow.FEEDBACK, "labels and next rows"),
    Arrow(Place.EVIDENCE, Place.TRIGGER, Flow.FEEDBACK, "quality falls: ask for a run"),
    Arrow(
        Place.VERSION,
        Place.RUN,
        Flow.FEEDBACK,
        "champion: challengers are compared with it on the same rows",
    ),
)


def compose(scene: Scene, title: str) -> Picture:
    """Return the picture of all loops of a scene."""
    pipelines = scene.pipelines()
    loops = [_pipeline_loop(pipeline, scene) for pipeline in pipelines]
    used = {(item.metadata.namespace, item.spec.dataset_ref.name) for item in pipelines}
    loops += [
        _dataset_loop(dataset, scene)
        for dataset in scene.datasets()
        if (dataset.metadata.namespace, dataset.metadata.name) not in used
    ]
    loops += [_model_loop(item, scene) for item in scene.models() if item.spec.onnx is not None]
    return Picture(title, f"as of {day(scene.now)} UTC", tuple(loops))


def _pipeline_loop(pipeline: Pipeline, scene: Scene) -> Loop:
    view, model = view_run(pipeline, scene), scene.model_of(pipeline)
    dataset = scene.dataset_of(pipeline)
    boxes = _data_boxes(dataset, pipeline.spec.dataset_ref.name, scene) | {
        Place.TRIGGER: build_trigger(pipeline, view, scene),
        Place.RUN: build_run(pipeline, view, scene),
        Place.GATES: build_gates(pipeline, view, scene),
        Place.VERSION: build_version(model, view, scene),
        Place.SERVING: build_serving(model, pipeline.metadata.name),
        Place.EVIDENCE: build_evidence(model, scene),
    }
    return Loop(pipeline.metadata.name, _sentence(boxes), boxes, _arrows(boxes))


def _data_boxes(dataset: Dataset | None, name: str, scene: Scene) -> dict[Place, Box]:
    if dataset is None:
        return {
            Place.SOURCE: Box("Source", "unknown", State.DECLARED, "Unknown"),
            Place.INGEST: undeclared("Dataset", name),
            Place.SNAPSHOT: Box("Snapshot", "unknown", State.DECLARED, "Unknown"),
        }
    manifest = _manifest_of(dataset, scene)
    return {
        Place.SOURCE: build_source(dataset, manifest),
        Place.INGEST: build_ingest(dataset, manifest, scene),
        Place.SNAPSHOT: build_snapshot(dataset, manifest, scene),
    }


def _manifest_of(dataset: Dataset, scene: Scene) -> SnapshotManifest | None:
    if dataset.status.snapshot is not None:
        return scene.manifests.get(dataset.status.snapshot.digest)
    found = [item for item in scene.manifests.values() if item.dataset == dataset.metadata.name]
    return found[-1] if found else None


def _dataset_loop(dataset: Dataset, scene: Scene) -> Loop:
    boxes = _data_boxes(dataset, dataset.metadata.name, scene)
    return Loop(dataset.metadata.name, "No Pipeline trains on it.", boxes, _arrows(boxes))


def _model_loop(model: Model, scene: Scene) -> Loop:
    boxes = {
        Place.VERSION: build_version(model, None, scene),
        Place.SERVING: build_serving(model, model.metadata.name),
        Place.EVIDENCE: build_evidence(model, scene),
    }
    sentence = "Serves a file of its own; no Pipeline retrains it."
    return Loop(model.metadata.name, sentence, boxes, _arrows(boxes))


def _arrows(boxes: dict[Place, Box]) -> tuple[Arrow, ...]:
    """Return the arrows between stations that are there; one moves where its target is at work."""
    forward = [
        Arrow(source, target, moving=boxes[target].state is State.ACTIVE)
        for source, target in pairwise(FLOW)
        if source in boxes and target in boxes
    ]
    back = [arrow for arrow in FEEDBACK if {arrow.source, arrow.target} <= boxes.keys()]
    return (*forward, *back)


def _sentence(boxes: dict[Place, Box]) -> str:
    version, gates, run = boxes[Place.VERSION], boxes[Place.GATES], boxes[Place.RUN]
    serving = boxes[Place.SERVING]
    parts = []
    if version.word == "Champion":
        parts.append(f"{version.title} serves ({serving.word})")
    if gates.word != "Waiting":
        parts.append(f"newest run: gates {gates.word} ({gates.title})")
    elif run.state is State.ACTIVE:
        parts.append(f"{run.title} is running")
    return "; ".join(parts) + "." if parts else "Nothing has run yet."
