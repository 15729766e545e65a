"""What every launcher of a run shares: its specification and its container."""

from trimtab_operator.api.pipelinerun import Champion, PipelineRun
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.meta import Manifest, build_config_map, build_metadata
from trimtab_operator.manifests.pod import SPEC_PATH, STORAGE_PATH, Workload
from trimtab_operator.manifests.release import Release
from trimtab_stages.contract.run import ChampionRef, RunSpec

RAY_PORT = 6379
GRACE_SECONDS = 120
"""Time for a last checkpoint when a node is drained."""


def build_run_metadata(run: PipelineRun) -> Manifest:
    """Return the metadata of all objects of a run; they share the run's name."""
    found = labels.training(run.spec.pipeline, run.metadata.name, run.spec.trigger_id)
    return build_metadata(run.metadata.name, found, "PipelineRun", run.metadata)


def build_run_config(run: PipelineRun) -> Manifest:
    """Return the ConfigMap with the run's specification."""
    spec = build_run_spec(run)
    data = {"spec.json": spec.to_bytes().decode()}
    return build_config_map(build_run_metadata(run), data, immutable=True)


def build_run_spec(run: PipelineRun) -> RunSpec:
    """Return what the pods of a run are told; the same for every attempt."""
    spec = run.spec
    return RunSpec(
        run=run.metadata.name,
        pipeline=spec.pipeline,
        trigger=spec.trigger,
        trigger_id=spec.trigger_id,
        snapshot=spec.snapshot,
        manifest=spec.manifest,
        champion=_read_champion(spec.champion),
        recipe=spec.recipe,
        code_version=spec.code_version,
    )


def _read_champion(champion: Champion | None) -> ChampionRef | None:
    if champion is None:
        return None
    threshold = None if champion.threshold is None else float(champion.threshold)
    return ChampionRef(digest=champion.digest, file=champion.file, threshold=threshold)


def build_run_workload(run: PipelineRun, release: Release) -> Workload:
    """Return the container of a run's pods, without what a launcher adds."""
    compute = run.spec.compute
    return Workload(
        name="train",
        image=compute.image or release.train_image,
        pull_policy=release.image_pull_policy,
        command=(
            *("python", "-m", "trimtab_stages", "run"),
            *("--spec", f"{SPEC_PATH}/spec.json"),
            *("--storage", STORAGE_PATH),
        ),
        cpu=compute.cpu,
        memory=compute.memory,
        storage_secret=release.storage_secret,
        config_map=run.metadata.name,
        scratch="16Gi",
        shared_memory=compute.memory,
        devices={compute.gpu_resource: str(compute.gpus)} if compute.gpus else {},
        node_selector=compute.node_selector or {},
        grace_seconds=GRACE_SECONDS,
    )
