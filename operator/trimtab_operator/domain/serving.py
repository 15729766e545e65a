"""Whether a Model answers: its pods, the plan that they follow, and what keeps them from it."""

from datetime import datetime

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.model import Model
from trimtab_operator.domain.conditions import Verdict, is_false, is_true, reconciling, stalled
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.pod_faults import Fault, Place, starting_fault
from trimtab_operator.domain.sentence import ended
from trimtab_operator.domain.serving_plan import Following
from trimtab_operator.domain.version_health import PASSING
from trimtab_stages.contract.serving_plan import VersionState

BEHIND = "{} pods have not taken up the newest plan yet."
READY, SERVING = ConditionType.READY, ConditionType.SERVING


def serving_verdict(
    model: Model, seen: ObservedModel, pods: Following, now: datetime
) -> tuple[list[Verdict], bool]:
    """Return Serving, Ready and what goes with them, and whether there is nothing to wait for."""
    wanted = model.spec.serving.replicas
    if model.spec.suspend or wanted == 0:
        return _stopped(model), True
    count = len(pods.answering)
    words = f"{count} of {wanted} pods answer with the newest plan."
    if pods.refused is not None:
        return _refused(model, pods.refused, count), False
    stale = set(pods.behind) - {pod.name for pod in pods.answering}
    if count >= wanted and not stale and _is_rolled_out(seen, wanted):
        answer = [is_true(kind, Reason.ANSWERING, words) for kind in (READY, SERVING)]
        if not pods.behind:
            return answer, True
        # All pods answer with the champion; some have not loaded what else the plan holds.
        return [*answer, reconciling(Reason.DEPLOYING, BEHIND.format(len(pods.behind)))], False
    why = _stuck(model, seen, now) or Fault(Reason.DEPLOYING, words)
    return [*_partly(why, count), reconciling(why.reason, why.message)], False


def _is_rolled_out(seen: ObservedModel, wanted: int) -> bool:
    deployment = seen.deployment
    if deployment is None:
        return False
    current = deployment.observed_generation >= deployment.generation
    return current and deployment.updated_replicas >= wanted


def _stopped(model: Model) -> list[Verdict]:
    field = "`spec.suspend` is set" if model.spec.suspend else "`spec.serving.replicas` is 0"
    words = f"{field}: no pod serves."
    stopped = is_false(SERVING, Reason.SUSPENDED, words)
    if model.spec.suspend:
        return [is_false(READY, Reason.SUSPENDED, words), stopped]
    return [is_true(READY, Reason.SUSPENDED, words), stopped]


def _refused(model: Model, state: VersionState, answering: int) -> list[Verdict]:
    """Return the verdicts of a refused version; faults of the store may pass by themselves."""
    words = f"A pod of Model `{model.metadata.name}` refuses the version: {ended(state.message)}"
    verdict = reconciling if state.reason in PASSING else stalled
    return [*_partly(Fault(state.reason, words), answering), verdict(state.reason, words)]


def _partly(why: Fault, answering: int) -> list[Verdict]:
    """Return Ready and Serving while not all pods follow: some answering pods still serve."""
    serves = is_true if answering else is_false
    return [is_false(READY, why.reason, why.message), serves(SERVING, why.reason, why.message)]


def _stuck(model: Model, seen: ObservedModel, now: datetime) -> Fault | None:
    """Return what keeps the newest pod that does not work from working."""
    place = Place(f"Model `{model.metadata.name}`", "spec.serving", seen.release.storage_secret)
    pods = seen.deployment.pods if seen.deployment is not None else ()
    faults = (starting_fault(pod, place, now) for pod in reversed(pods) if not pod.ready)
    return next((fault for fault in faults if fault is not None), None)
