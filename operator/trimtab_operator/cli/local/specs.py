"""What the child processes are told, made by the operator's own builders."""

from dataclasses import dataclass
from typing import TypeVar

from trimtab_operator.api.base import ObjectMeta
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import Champion, PipelineRun, PipelineRunSpec
from trimtab_operator.cli.local.source import Imported
from trimtab_operator.domain import identity
from trimtab_operator.manifests.ingest_job import build_ingest
from trimtab_operator.manifests.release import Release
from trimtab_operator.manifests.training import build_run_spec
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import StrictModel, digest_of
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import IngestCommit, IngestSpec, RunSpec, TriggerType

CONTENT_CHARS = 8
CAUSE = "trimtab run"

Part = TypeVar("Part", bound=StrictModel)


@dataclass(frozen=True, slots=True)
class Cause:
    """What a local run is made of.

    Attributes:
        snapshot: digest of the snapshot.
        manifest: the snapshot's manifest.
        champion: version to compare with, if any.
        seed: takes the place of `training.seed`, if given.
        code_version: version of the stage code.
    """

    snapshot: str
    manifest: ArtifactRef
    champion: Champion | None
    seed: int | None
    code_version: str

    @classmethod
    def of(
        cls, commit: IngestCommit, champion: Champion | None, seed: int | None, code: str
    ) -> "Cause":
        """Return the cause that an ingest's snapshot gives."""
        return cls(commit.snapshot, commit.manifest, champion, seed, code)


def local_release(code_version: str) -> Release:
    """Return a release without images: nothing is pulled here."""
    return Release(
        ingest_image="",
        train_image="",
        server_image="",
        image_pull_policy="Never",
        code_version=code_version,
        storage_secret="",
    )


def build_ingest_spec(dataset: Dataset, source: Imported, code_version: str) -> IngestSpec:
    """Return what the ingest is told; the same rules, bytes and code have the same id."""
    rules = identity.rules_id(dataset)
    content = digest_of([source.content, code_version]).removeprefix("sha256:")
    ingest_id = f"{rules}-{content[:CONTENT_CHARS]}"
    config_map, _ = build_ingest(dataset, local_release(code_version), ingest_id)
    spec = IngestSpec.from_bytes(config_map["data"]["spec.json"].encode())
    return _with(spec, source=_with(spec.source, uri=source.uri))


def build_local_run(pipeline: Pipeline, cause: Cause) -> RunSpec:
    """Return what the run is told; the same recipe, snapshot, champion and code have one name."""
    recipe = _seeded(pipeline.spec.recipe(), cause.seed)
    champion = cause.champion.to_wire() if cause.champion else None
    trigger_id = identity.trigger_id(
        pipeline,
        TriggerType.REQUEST,
        cause.snapshot,
        recipe.to_wire(),
        champion,
        cause.code_version,
    )
    name = identity.run_name(pipeline.metadata.name, trigger_id)
    spec = PipelineRunSpec(
        pipeline=pipeline.metadata.name,
        pipeline_uid=pipeline.metadata.uid,
        pipeline_generation=pipeline.metadata.generation,
        trigger=TriggerType.REQUEST,
        trigger_id=trigger_id,
        trigger_message=CAUSE,
        dataset=pipeline.spec.dataset_ref.name,
        snapshot=cause.snapshot,
        manifest=cause.manifest,
        champion=cause.champion,
        recipe=recipe,
        compute=pipeline.spec.compute,
        code_version=cause.code_version,
    )
    return build_run_spec(PipelineRun(metadata=ObjectMeta(name=name), spec=spec))


def _seeded(recipe: Recipe, seed: int | None) -> Recipe:
    if seed is None:
        return recipe
    return _with(recipe, training=_with(recipe.training, seed=seed))


def _with(model: Part, **changes: object) -> Part:
    """Return a validated copy with other values."""
    return type(model).model_validate(model.model_dump() | changes)
