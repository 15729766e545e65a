"""All reads of one reconcile, into one frozen snapshot. What is not there is None."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import DATASET as DATASET_KIND
from trimtab_operator.api.kinds import DRIFT_MONITOR, MODEL, PIPELINE, PIPELINE_RUN
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.lister import Lister
from trimtab_operator.cluster.parse import parse_all, parse_one
from trimtab_operator.cluster.resources import (
    DATASETS,
    DEPLOYMENTS,
    DRIFT_MONITORS,
    EVENTS,
    JOBS,
    MODELS,
    PIPELINE_RUNS,
    PIPELINES,
    PODS,
    RAY_JOBS,
)
from trimtab_operator.cluster.servers import Servers
from trimtab_operator.cluster.views import (
    is_waiting,
    newest_mount_failure,
    view_deployment,
    view_fleet_member,
    view_job,
    view_ray_job,
    view_retrains,
)
from trimtab_operator.domain.capture_plan import due_capture
from trimtab_operator.domain.fleet_brake import Fleet
from trimtab_operator.domain.identity import ingest_id
from trimtab_operator.domain.needed_runs import needed_runs
from trimtab_operator.domain.observed import (
    DeploymentView,
    JobView,
    ObservedDataset,
    ObservedDriftMonitor,
    ObservedModel,
    ObservedPipeline,
    ObservedPipelineRun,
    PodView,
    Release,
    StorageView,
)
from trimtab_operator.domain.window_decision import undecided
from trimtab_operator.manifests import labels, names
from trimtab_operator.manifests.release import Launcher
from trimtab_stages.contract.run import Commit, IngestCommit, Progress

JOB_NAME = "batch.kubernetes.io/job-name"

Seen = TypeVar("Seen", JobView, DeploymentView)


class Results(Protocol):
    """What the tenants' pods have stored. A store that fails answers None and shows in `view`."""

    async def view(self, namespace: str) -> StorageView:
        """Return what is known of the namespace's store, the reads of this reconcile included."""
        ...

    async def ingest_commit(self, namespace: str, dataset: str, ingest: str) -> IngestCommit | None:
        """Return the commit of an ingest."""
        ...

    async def run_commit(self, namespace: str, run: str) -> tuple[Commit, str] | None:
        """Return the commit of a run and its digest."""
        ...

    async def progress(self, namespace: str, run: str) -> Progress | None:
        """Return the newest progress of a run."""
        ...


class Gatherer:
    """Reads the world of one object.

    Args:
        cluster: Kubernetes objects.
        lister: all objects of a kind.
        results: stored results.
        servers: states of model servers.
        release: what the operator's release brings.
        slots: retrains of all DriftMonitors that may be active at once.
    """

    def __init__(
        self,
        cluster: Cluster,
        lister: Lister,
        results: Results,
        servers: Servers,
        release: Release,
        slots: int,
    ) -> None:
        self._cluster = cluster
        self._lister = lister
        self._results = results
        self._servers = servers
        self._release = release
        self._slots = slots

    async def gather_dataset(self, dataset: Dataset, now: datetime) -> ObservedDataset:
        """Read the DriftMonitors that it follows, the Job and the commit of the ingest due."""
        namespace, name = dataset.metadata.namespace, dataset.metadata.name
        capture = dataset.spec.source.capture
        monitors = await self._monitors(namespace, {capture.model} if capture else set())
        due = ingest_id(dataset, now, due_capture(dataset, monitors))
        job = await self._job(namespace, names.ingest_job(name, due))
        # The commit is read after the Job, so that a Job that is seen complete has its commit.
        commit = await self._results.ingest_commit(namespace, name, due)
        return ObservedDataset(
            release=self._release,
            storage=await self._results.view(namespace),
            job=job,
            commit=commit,
            monitors=monitors,
        )

    async def gather_pipeline(self, pipeline: Pipeline, _: datetime) -> ObservedPipeline:
        """Read the Dataset, the runs, the Models, their DriftMonitors, the champion's commit."""
        namespace, name = pipeline.metadata.namespace, pipeline.metadata.name
        dataset, runs, bodies = await asyncio.gather(
            self._cluster.get(DATASETS, namespace, pipeline.spec.dataset_ref.name),
            self._runs(namespace, name),
            self._model_bodies(namespace, name),
        )
        models = parse_all(MODEL, bodies, Model)
        return ObservedPipeline(
            release=self._release,
            dataset=parse_one(DATASET_KIND, dataset, Dataset),
            runs=runs,
            models=models,
            unreadable_models=_serving_unread(bodies, models),
            monitors=await self._monitors(namespace, {model.metadata.name for model in models}),
            champion_commit=await self._champion_commit(models),
            storage=await self._results.view(namespace),
        )

    async def gather_pipeline_run(self, run: PipelineRun, _: datetime) -> ObservedPipelineRun:
        """Read the Job, the commit and, until there is one, the progress."""
        namespace, name = run.metadata.namespace, run.metadata.name
        if run.status.completion_time is not None:
            # Nothing is decided about a finished run any more.
            return ObservedPipelineRun(self._release, StorageView(configured=True))
        job = await self._job(namespace, name) or await self._ray_job(namespace, name)
        found = await self._results.run_commit(namespace, name)
        progress = None if found else await self._results.progress(namespace, name)
        return ObservedPipelineRun(
            release=self._release,
            storage=await self._results.view(namespace),
            job=job,
            commit=found[0] if found else None,
            commit_digest=found[1] if found else "",
            progress=progress,
        )

    async def gather_model(self, model: Model, _: datetime) -> ObservedModel:
        """Read the Pipeline with its runs, the Deployment, and what its pods say."""
        namespace = model.metadata.namespace
        deployment = await self._deployment(model)
        pipeline, siblings, runs = await self._origin(model)
        return ObservedModel(
            release=self._release,
            pipeline=pipeline,
            siblings=siblings,
            runs=runs,
            commits=await self._commits(model, runs),
            deployment=deployment,
            servers=await self._servers.read_states(deployment.pods if deployment else ()),
            storage=await self._results.view(namespace),
        )

    async def gather_drift_monitor(
        self, monitor: DriftMonitor, _: datetime
    ) -> ObservedDriftMonitor:
        """Read the Model, its Pipeline with Dataset and runs, and the fleet where it matters."""
        namespace = monitor.metadata.namespace
        body = await self._cluster.get(MODELS, namespace, monitor.spec.model_ref.name)
        model = parse_one(MODEL, body, Model)
        origin = await self._pipeline_of(model)
        pipeline = parse_one(PIPELINE, origin, Pipeline)
        dataset, runs = await self._training_of(pipeline)
        others = await self._others(monitor)
        return ObservedDriftMonitor(
            release=self._release,
            storage=await self._results.view(namespace),
            fleet=Fleet(self._slots, tuple(map(view_fleet_member, others))),
            others_retrains=tuple(
                retrain
                for body in others
                if _watches(body, monitor)
                for retrain in view_retrains(body)
            ),
            model=model,
            pipeline=pipeline,
            pipeline_gone=body is None or (model is not None and origin is None),
            dataset=dataset,
            runs=runs,
        )

    async def _pipeline_of(self, model: Model | None) -> Manifest | None:
        """Return the body of a Model's Pipeline, which may be invalid."""
        if model is None or model.spec.pipeline_ref is None:
            return None
        namespace, name = model.metadata.namespace, model.spec.pipeline_ref.name
        return await self._cluster.get(PIPELINES, namespace, name)

    async def _training_of(
        self, pipeline: Pipeline | None
    ) -> tuple[Dataset | None, tuple[PipelineRun, ...]]:
        if pipeline is None:
            return None, ()
        namespace = pipeline.metadata.namespace
        body, runs = await asyncio.gather(
            self._cluster.get(DATASETS, namespace, pipeline.spec.dataset_ref.name),
            self._runs(namespace, pipeline.metadata.name),
        )
        return parse_one(DATASET_KIND, body, Dataset), runs

    async def _others(self, monitor: DriftMonitor) -> list[Manifest]:
        """Return the other DriftMonitors; without a window to decide nobody asks for them."""
        if not undecided(monitor.status):
            return []
        bodies = await self._lister.list_objects(DRIFT_MONITORS)
        uid = monitor.metadata.uid
        return [body for body in bodies if body["metadata"]["uid"] != uid]

    async def _monitors(self, namespace: str, models: Collection[str]) -> tuple[DriftMonitor, ...]:
        bodies = await self._lister.list_objects(DRIFT_MONITORS, namespace) if models else []
        named = [body for body in bodies if body["spec"]["modelRef"]["name"] in models]
        return parse_all(DRIFT_MONITOR, named, DriftMonitor)

    async def _job(self, namespace: str, name: str) -> JobView | None:
        body = await self._cluster.get(JOBS, namespace, name)
        if body is None:
            return None
        job = view_job(body, ())
        if job.complete:
            return job
        pods = await self._cluster.list_objects(PODS, namespace, {JOB_NAME: name})
        return await self._with_start_failure(namespace, view_job(body, pods))

    async def _ray_job(self, namespace: str, name: str) -> JobView | None:
        if self._release.launcher is not Launcher.RAY_JOB:
            return None
        body = await self._cluster.get(RAY_JOBS, namespace, name)
        if body is None:
            return None
        pods = await self._cluster.list_objects(PODS, namespace, {labels.RUN: name})
        return await self._with_start_failure(namespace, view_ray_job(body, pods))

    async def _runs(self, namespace: str, pipeline: str) -> tuple[PipelineRun, ...]:
        selector = {labels.PIPELINE: pipeline}
        bodies = await self._cluster.list_objects(PIPELINE_RUNS, namespace, selector)
        return parse_all(PIPELINE_RUN, bodies, PipelineRun)

    async def _models(self, namespace: str, pipeline: str) -> tuple[Model, ...]:
        return parse_all(MODEL, await self._model_bodies(namespace, pipeline), Model)

    async def _model_bodies(self, namespace: str, pipeline: str) -> list[Manifest]:
        bodies = await self._lister.list_objects(MODELS, namespace)
        return [body for body in bodies if _serves(body, pipeline)]

    async def _champion_commit(self, models: Sequence[Model]) -> Commit | None:
        champion = models[0].status.champion if models else None
        if champion is None or champion.run is None:
            return None
        found = await self._results.run_commit(models[0].metadata.namespace, champion.run)
        return found[0] if found else None

    async def _origin(
        self, model: Model
    ) -> tuple[Pipeline | None, tuple[Model, ...], tuple[PipelineRun, ...]]:
        """Return the Pipeline, the older Models that serve it too, and its runs."""
        if model.spec.pipeline_ref is None:
            return None, (), ()
        namespace, name = model.metadata.namespace, model.spec.pipeline_ref.name
        body, models, runs = await asyncio.gather(
            self._cluster.get(PIPELINES, namespace, name),
            self._models(namespace, name),
            self._runs(namespace, name),
        )
        uids = [other.metadata.uid for other in models]
        older = models[: uids.index(model.metadata.uid)] if model.metadata.uid in uids else ()
        return parse_one(PIPELINE, body, Pipeline), older, runs

    async def _commits(self, model: Model, runs: Sequence[PipelineRun]) -> dict[str, Commit]:
        wanted = needed_runs(model)
        passed = [run for run in runs if _has_passed(run)]
        if passed:
            wanted.add(passed[-1].metadata.name)
        found = {
            run: await self._results.run_commit(model.metadata.namespace, run) for run in wanted
        }
        return {run: commit[0] for run, commit in found.items() if commit is not None}

    async def _deployment(self, model: Model) -> DeploymentView | None:
        namespace, name = model.metadata.namespace, model.metadata.name
        body = await self._cluster.get(DEPLOYMENTS, namespace, names.server(name))
        if body is None:
            return None
        pods = await self._cluster.list_objects(PODS, namespace, labels.server_selector(name))
        return await self._with_start_failure(namespace, view_deployment(body, pods))

    async def _with_start_failure(self, namespace: str, seen: Seen) -> Seen:
        """Say of the newest pod that waits for no stated reason what its Events tell.

        Its neighbours are of the same template: what one of them lacks, all lack.
        """
        waiting = [pod for pod in seen.pods if is_waiting(pod)]
        if not waiting:
            return seen
        newest = waiting[-1]
        events = await self._cluster.list_objects(
            EVENTS, namespace, fields={"regarding.uid": newest.uid}
        )
        told = replace(newest, start_failure=newest_mount_failure(events))
        pods: tuple[PodView, ...] = tuple(told if pod is newest else pod for pod in seen.pods)
        return replace(seen, pods=pods)


def _watches(body: Manifest, monitor: DriftMonitor) -> bool:
    """Return whether another DriftMonitor watches the same Model."""
    same_namespace = body["metadata"]["namespace"] == monitor.metadata.namespace
    return same_namespace and bool(body["spec"]["modelRef"]["name"] == monitor.spec.model_ref.name)


def _serves(body: Manifest, pipeline: str) -> bool:
    reference = body["spec"].get("pipelineRef") or {}
    return bool(reference.get("name") == pipeline)


def _serving_unread(bodies: Sequence[Manifest], models: Sequence[Model]) -> tuple[str, ...]:
    """Return the names of Models with a champion that are not among the valid ones."""
    valid = {model.metadata.name for model in models}
    serving = [body for body in bodies if body.get("status", {}).get("champion")]
    names = (body["metadata"]["name"] for body in serving)
    return tuple(sorted(name for name in names if name not in valid))


def _has_passed(run: PipelineRun) -> bool:
    gates = run.status.condition("GatesPassed")
    return gates is not None and gates.status == "True"
