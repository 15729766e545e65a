"""What the server pods are told to serve, and whether they do."""

from dataclasses import dataclass

from trimtab_operator.api.model import Model, OnnxSource, Version
from trimtab_operator.domain.observed import DeploymentView, PodView
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import PlanVersion, ServerState, ServingPlan, VersionState


def plan_of_commit(model: Model, commit: Commit) -> ServingPlan:
    """Return the plan that serves a run's model."""
    artifact = commit.model
    version = PlanVersion(
        digest=artifact.file.digest,
        key=artifact.file.key,
        threshold=artifact.threshold,
        classes=artifact.classes,
        features=artifact.features,
        golden=artifact.golden,
        reference=artifact.reference,
    )
    return _plan(model, version)


def plan_of_file(model: Model, source: OnnxSource) -> ServingPlan:
    """Return the plan that serves a user's own ONNX file."""
    threshold = None if source.threshold is None else float(source.threshold)
    return _plan(model, PlanVersion(digest=source.digest, key=source.uri, threshold=threshold))


def _plan(model: Model, version: PlanVersion) -> ServingPlan:
    capture = model.spec.capture
    return ServingPlan(
        model=model.metadata.name,
        versions=[version],
        capture_fraction=float(capture.fraction),
        pane_seconds=capture.pane_seconds,
        flush_seconds=capture.flush_seconds,
    )


@dataclass(frozen=True, slots=True)
class Following:
    """How far the pods follow the newest plan.

    Attributes:
        answering: ready pods that report its revision.
        behind: names of running pods that report another one, or none.
        refused: what a pod says of a version that it does not load.
    """

    answering: tuple[PodView, ...] = ()
    behind: tuple[str, ...] = ()
    refused: VersionState | None = None


def following(
    deployment: DeploymentView | None, servers: dict[str, ServerState], revision: str
) -> Following:
    """Return which pods of a Model follow a plan."""
    pods = deployment.pods if deployment is not None else ()
    running = tuple(pod for pod in pods if pod.phase == "Running")
    on_plan = [pod for pod in running if _revision(servers, pod) == revision]
    answering = tuple(pod for pod in on_plan if pod.ready and servers[pod.name].ready)
    behind = tuple(pod.name for pod in running if _revision(servers, pod) != revision)
    states = [state for pod in running for state in _versions(servers, pod)]
    return Following(answering, behind, next((item for item in states if is_refused(item)), None))


def is_refused(state: VersionState) -> bool:
    """Return whether a server says that it will not serve a version."""
    return state.reason not in {ServingReason.LOADED, ServingReason.LOADING}


def champion_of_file(model: Model, source: OnnxSource) -> Version | None:
    """Return the serving version where it is this file, None where it is another."""
    champion = model.status.champion
    same = champion is not None and (champion.digest, champion.key) == (source.digest, source.uri)
    return champion if same else None


def _revision(servers: dict[str, ServerState], pod: PodView) -> str:
    state = servers.get(pod.name)
    return state.revision if state is not None else ""


def _versions(servers: dict[str, ServerState], pod: PodView) -> list[VersionState]:
    state = servers.get(pod.name)
    return state.versions if state is not None else []
