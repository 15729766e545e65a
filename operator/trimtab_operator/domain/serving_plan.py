"""What the server pods are told to serve, and whether they do."""

from dataclasses import dataclass

from trimtab_operator.api.model import Model, OnnxSource, Version
from trimtab_operator.domain.observed import DeploymentView, PodView
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import PlanVersion, ServerState, ServingPlan, VersionState


def plan_of_commit(
    model: Model,
    commit: Commit,
    *,
    former: Commit | None = None,
    challenger: Commit | None = None,
    only_on: str | None = None,
) -> ServingPlan:
    """Return the plan that serves a run's model.

    Args:
        model: the Model.
        commit: run of the champion, which answers everything.
        former: run of a version that stays loaded and answers nothing.
        challenger: run of a version that scores the champion's requests after the replies.
        only_on: the one pod that loads the challenger; None for all.
    """
    versions = [_version_of(commit)]
    if former is not None:
        versions.append(_version_of(former).model_copy(update={"weight": 0}))
    if challenger is not None:
        shadow = {"weight": 0, "shadow": True, "only_on": only_on}
        versions.append(_version_of(challenger).model_copy(update=shadow))
    return _plan(model, versions)


def _version_of(commit: Commit) -> PlanVersion:
    artifact = commit.model
    return PlanVersion(
        digest=artifact.file.digest,
        key=artifact.file.key,
        threshold=artifact.threshold,
        classes=artifact.classes,
        features=artifact.features,
        golden=artifact.golden,
        reference=artifact.reference,
    )


def plan_of_file(model: Model, source: OnnxSource) -> ServingPlan:
    """Return the plan that serves a user's own ONNX file."""
    threshold = None if source.threshold is None else float(source.threshold)
    version = PlanVersion(digest=source.digest, key=source.uri, threshold=threshold)
    return _plan(model, [version])


def _plan(model: Model, versions: list[PlanVersion]) -> ServingPlan:
    capture = model.spec.capture
    return ServingPlan(
        model=model.metadata.name,
        versions=versions,
        capture_fraction=float(capture.fraction),
        pane_seconds=capture.pane_seconds,
        flush_seconds=capture.flush_seconds,
    )


@dataclass(frozen=True, slots=True)
class Following:
    """How far the pods follow the newest plan.

    Attributes:
        answering: ready pods that report its revision, or an earlier one of the same champion.
        behind: names of running pods that report another one, or none.
        untold: those of them that were not told of it yet, and those that were told of another.
        refused: what a pod says of a champion that it does not load.
    """

    answering: tuple[PodView, ...] = ()
    behind: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    refused: VersionState | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What pods should follow.

    Attributes:
        revision: of the newest plan.
        champion: digest of the version that answers in it.
        earlier: revision of an earlier plan with the same champion, None for none.
    """

    revision: str
    champion: str
    earlier: str | None = None


def following(
    deployment: DeploymentView | None, servers: dict[str, ServerState], wanted: Wanted
) -> Following:
    """Return which pods of a Model follow a plan."""
    pods = deployment.pods if deployment is not None else ()
    running = tuple(pod for pod in pods if pod.phase == "Running")
    served = {wanted.revision, wanted.earlier or wanted.revision}
    on_plan = [pod for pod in running if _revision(servers, pod) in served]
    answering = tuple(pod for pod in on_plan if pod.ready and servers[pod.name].ready)
    behind = [pod for pod in running if _revision(servers, pod) != wanted.revision]
    # One that refused the plan between may follow the newest one, and have the other before it.
    to_tell = (pod for pod in running if pod in behind or pod.told_revision)
    untold = tuple(pod.name for pod in to_tell if pod.told_revision != wanted.revision)
    states = [state for pod in running for state in _versions(servers, pod)]
    refused = [item for item in states if is_refused(item) and item.digest == wanted.champion]
    names = tuple(pod.name for pod in behind)
    return Following(answering, names, untold, next(iter(refused), None))


def all_follow(
    deployment: DeploymentView | None, servers: dict[str, ServerState], revision: str
) -> bool:
    """Return whether there are ready pods, and all of them follow a plan."""
    ready = ready_pods(deployment)
    return bool(ready) and all(_revision(servers, pod) == revision for pod in ready)


def all_hold(
    deployment: DeploymentView | None, servers: dict[str, ServerState], digest: str
) -> bool:
    """Return whether there are ready pods, and all of them say that they have loaded a version."""
    ready = ready_pods(deployment)
    return bool(ready) and all(_holds(servers, pod, digest) for pod in ready)


def one_holds(
    deployment: DeploymentView | None, servers: dict[str, ServerState], name: str, digest: str
) -> bool:
    """Return whether a pod takes requests and says that it has loaded a version."""
    ready = ready_pods(deployment)
    return any(pod.name == name and _holds(servers, pod, digest) for pod in ready)


def ready_pods(deployment: DeploymentView | None) -> list[PodView]:
    """Return the pods that take requests, oldest first."""
    pods = deployment.pods if deployment is not None else ()
    return [pod for pod in pods if pod.phase == "Running" and pod.ready]


def is_refused(state: VersionState) -> bool:
    """Return whether a server says that it will not serve a version."""
    return state.reason not in {ServingReason.LOADED, ServingReason.LOADING}


def champion_of_file(model: Model, source: OnnxSource) -> Version | None:
    """Return the serving version where it is this file, None where it is another."""
    champion = model.status.champion
    same = champion is not None and (champion.digest, champion.key) == (source.digest, source.uri)
    return champion if same else None


def _holds(servers: dict[str, ServerState], pod: PodView, digest: str) -> bool:
    states = _versions(servers, pod)
    return any(s.digest == digest and s.reason is ServingReason.LOADED for s in states)


def _revision(servers: dict[str, ServerState], pod: PodView) -> str:
    state = servers.get(pod.name)
    return state.revision if state is not None else ""


def _versions(servers: dict[str, ServerState], pod: PodView) -> list[VersionState]:
    state = servers.get(pod.name)
    return state.versions if state is not None else []
