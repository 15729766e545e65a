"""Frozen snapshots of the world that decisions are made of. Gathered in `cluster.gather`."""

from dataclasses import dataclass, field
from datetime import datetime

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.monitor_status import Retrain
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.fleet_brake import Fleet
from trimtab_operator.manifests.release import Release
from trimtab_stages.contract.run import Commit, IngestCommit, Progress
from trimtab_stages.contract.serving_plan import ServerState

__all__ = [
    "DeploymentView",
    "JobView",
    "ObservedDataset",
    "ObservedDriftMonitor",
    "ObservedModel",
    "ObservedPipeline",
    "ObservedPipelineRun",
    "PodView",
    "Release",
    "StorageView",
]


@dataclass(frozen=True, slots=True)
class StorageView:
    """What the operator knows of the namespace's store."""

    configured: bool
    reachable: bool = True
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class PodView:
    """A child pod, reduced to what decisions need."""

    name: str
    uid: str
    phase: str
    created: datetime
    ready: bool = False
    ip: str = ""
    unschedulable: str = ""
    """Scheduler's message, empty once scheduled."""
    waiting_reason: str = ""
    """Reason of the first waiting container: ErrImagePull, CrashLoopBackOff, ..."""
    waiting_message: str = ""
    start_failure: str = ""
    """Message of the pod's newest Event where that is a FailedMount, else empty."""
    terminated_reason: str = ""
    """Reason of the last termination: OOMKilled, Error, Completed; Evicted from the pod itself."""
    exit_code: int | None = None
    termination_message: str = ""
    """Content of the termination log, a `Termination` in JSON where Trimtab wrote it."""
    restarts: int = 0
    image: str = ""
    index: int | None = None
    """Completion index of a pod of an Indexed Job."""
    told_revision: str = ""
    """Revision of the serving plan that the pod was last told of."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A child Job with its pods, newest last."""

    name: str
    uid: str
    created: datetime
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    failure_reason: str = ""
    """Reason of the Job's Failed condition: BackoffLimitExceeded, DeadlineExceeded, ..."""
    failure_message: str = ""
    complete: bool = False
    suspended: bool = False
    compute: str = ""
    """Value of the label `trimtab.dev/compute`: the pod settings that it was made with."""
    deleting: bool = False
    pods: tuple[PodView, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A Model's Deployment with its pods."""

    name: str
    generation: int
    observed_generation: int
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    pods: tuple[PodView, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedDataset:
    """World of a Dataset."""

    release: Release
    storage: StorageView
    job: JobView | None = None
    """Job of the ingest that is due now (`identity.ingest_id`)."""
    commit: IngestCommit | None = None
    """Commit of that ingest; read after the Job, so that an ended Job's commit is not missed."""
    monitors: tuple[DriftMonitor, ...] = ()
    """DriftMonitors of the Model whose captured rows are taken in; none without `capture`."""


@dataclass(frozen=True, slots=True)
class ObservedPipeline:
    """World of a Pipeline."""

    release: Release
    storage: StorageView
    dataset: Dataset | None = None
    runs: tuple[PipelineRun, ...] = ()
    """Runs of this Pipeline, oldest first."""
    models: tuple[Model, ...] = ()
    """Models that serve this Pipeline, oldest first."""
    monitors: tuple[DriftMonitor, ...] = ()
    """DriftMonitors of these Models, oldest first."""
    champion_commit: Commit | None = None
    """Commit of the run that the first Model's champion came from."""
    unreadable_models: tuple[str, ...] = ()
    """Names of further Models that have a champion of this Pipeline, and are invalid."""


@dataclass(frozen=True, slots=True)
class ObservedPipelineRun:
    """World of a PipelineRun."""

    release: Release
    storage: StorageView
    job: JobView | None = None
    """Job of the run, or its RayJob by `ray_job.job_view`; it has the run's name."""
    commit: Commit | None = None
    """Commit of the run; read after the Job, so that an ended Job's commit is not missed."""
    commit_digest: str = ""
    """Digest of the commit's bytes; empty where there is none."""
    progress: Progress | None = None
    """Newest progress of the newest attempt."""


@dataclass(frozen=True, slots=True)
class ObservedModel:
    """World of a Model."""

    release: Release
    storage: StorageView
    pipeline: Pipeline | None = None
    siblings: tuple[Model, ...] = ()
    """Other Models of the same Pipeline that are older than this one."""
    runs: tuple[PipelineRun, ...] = ()
    """Runs of the Pipeline, oldest first."""
    commits: dict[str, Commit] = field(default_factory=dict)
    """Commits by run name: of the newest passed run, and of `needed_runs.needed_runs`."""
    deployment: DeploymentView | None = None
    servers: dict[str, ServerState] = field(default_factory=dict)
    """Answer of `GET /plan` by pod name, for pods that answered."""


@dataclass(frozen=True, slots=True)
class ObservedDriftMonitor:
    """World of a DriftMonitor."""

    release: Release
    storage: StorageView
    fleet: Fleet
    """All other DriftMonitors; empty where nothing is to be decided."""
    others_retrains: tuple[Retrain, ...] = ()
    """Retrains of the Model that other DriftMonitors keep; empty where nothing is to be decided."""
    model: Model | None = None
    pipeline: Pipeline | None = None
    """Pipeline of the Model."""
    pipeline_gone: bool = False
    """The Model or its Pipeline does not exist; where one is only unreadable, this is False."""
    dataset: Dataset | None = None
    """What the Pipeline trains on."""
    runs: tuple[PipelineRun, ...] = ()
    """Runs of the Pipeline, oldest first; read after it, so that a run that it has started is
    among them."""
