"""The first time of a new champion: its predecessor stays loaded, and comes back when it fails."""

from datetime import timedelta

from trimtab_operator.api.conditions import Reason
from trimtab_operator.api.model import Version
from trimtab_operator.api.rollout import Rollout, RolloutState, RolloutStatus
from trimtab_operator.domain.conditions import is_false
from trimtab_operator.domain.model_scene import Choice, Scene
from trimtab_operator.domain.rollback import Cause, restore
from trimtab_operator.domain.rollout import find_fault
from trimtab_operator.domain.rollout_conditions import PROGRESSING, ending_verdicts
from trimtab_operator.domain.rollout_steps import WATCH_SECONDS
from trimtab_operator.domain.serving_plan import all_follow, plan_of_commit
from trimtab_operator.domain.version_health import champion_health
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.layout import run_commit
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import ServingPlan

UNKNOWN = "`status.history` does not tell of it"


def guard(scene: Scene, rules: Rollout | None, champion: Commit) -> Choice | None:
    """Return what follows for a new champion whose predecessor is still loaded; None for nothing.

    The former one comes back when the new one fails requests or is slow within the guard time, and
    goes when that is over and all ready pods follow. Where its commit cannot be read it can do
    neither, and the watch ends with its time.
    """
    status = scene.model.status
    rollout, serving = status.rollout, status.champion
    if serving is None or rollout is None or not _is_guarded(rollout):
        return None
    ends = serving.since + timedelta(seconds=rules.guard_seconds if rules is not None else 0)
    former = _former_of(scene, rollout)
    before = scene.commit_of(former)
    if former is None or before is None:
        over = scene.now >= ends
        return _watch_alone(
            scene, rollout, former, plan_of_commit(scene.model, champion), over=over
        )
    seen = scene.seen
    health = champion_health(seen.deployment, seen.servers, serving.digest, former.digest)
    fault = (
        find_fault(rules, health.since(rollout.restarts))
        if rules is not None and scene.now < ends
        else None
    )
    if fault is not None:
        cause = Cause(digest_of([serving.digest, "guard"]), fault.message)
        return restore(scene, former, cause)
    plan = plan_of_commit(scene.model, champion, former=before)
    over = scene.now >= ends and _has_arrived(scene, plan, champion)
    if over:
        plan = plan_of_commit(scene.model, champion)
    changed = rollout.model_copy(update={"former": None} if over else {})
    return Choice(
        serving,
        plan,
        update={"rollout": changed},
        verdicts=ending_verdicts(changed),
        requeue=None if over else WATCH_SECONDS,
    )


def _is_guarded(rollout: RolloutStatus) -> bool:
    return rollout.former is not None and rollout.state is RolloutState.PROMOTED


def _former_of(scene: Scene, rollout: RolloutStatus) -> Version | None:
    history = scene.model.status.history
    return next((item for item in history if item.digest == rollout.former), None)


def _watch_alone(
    scene: Scene, rollout: RolloutStatus, former: Version | None, alone: ServingPlan, *, over: bool
) -> Choice:
    """Return the choice of a new champion whose predecessor cannot come back now.

    Until the time is over pods keep what they have loaded: the commit may be restored.
    """
    if over:
        changed = rollout.model_copy(update={"former": None})
        verdicts = ending_verdicts(changed)
        return Choice(
            scene.model.status.champion, alone, update={"rollout": changed}, verdicts=verdicts
        )
    lost = f"its commit `{run_commit(former.run or '')}` cannot be read" if former else UNKNOWN
    words = f"The former champion could not come back now: {lost}. {rollout.message}"
    verdict = is_false(PROGRESSING, Reason.GUARDED, words)
    return Choice(scene.model.status.champion, None, verdicts=(verdict,), requeue=WATCH_SECONDS)


def _has_arrived(scene: Scene, plan: ServingPlan, champion: Commit) -> bool:
    alone = plan_of_commit(scene.model, champion)
    return any(
        all_follow(scene.seen.deployment, scene.seen.servers, revision)
        for revision in (plan.revision, alone.revision)
    )
