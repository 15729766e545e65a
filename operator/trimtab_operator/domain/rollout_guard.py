"""The first time of a new champion: its predecessor stays loaded, and comes back when it fails."""

from datetime import timedelta

from trimtab_operator.api.model import Version
from trimtab_operator.api.rollout import Rollout, RolloutState
from trimtab_operator.domain.model_scene import Choice, Scene
from trimtab_operator.domain.rollback import Cause, restore
from trimtab_operator.domain.rollout import find_fault
from trimtab_operator.domain.rollout_conditions import ending_verdicts
from trimtab_operator.domain.rollout_steps import WATCH_SECONDS
from trimtab_operator.domain.serving_plan import all_follow, plan_of_commit
from trimtab_operator.domain.version_health import champion_health
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import ServingPlan


def guard(scene: Scene, rules: Rollout | None, champion: Commit) -> Choice | None:
    """Return what follows for a new champion whose predecessor is still loaded; None for nothing.

    The former one comes back when the new one fails requests or is slow within the guard time, and
    goes when that is over and all ready pods follow.
    """
    status = scene.model.status
    rollout, serving = status.rollout, status.champion
    former = _former_of(scene)
    if rollout is None or serving is None or former is None:
        return None
    before = scene.commit_of(former)
    if before is None:
        return Choice(serving, None, requeue=WATCH_SECONDS)
    seen = scene.seen
    health = champion_health(seen.deployment, seen.servers, serving.digest, former.digest)
    ends = serving.since + timedelta(seconds=rules.guard_seconds if rules is not None else 0)
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


def _former_of(scene: Scene) -> Version | None:
    status = scene.model.status
    rollout = status.rollout
    if rollout is None or rollout.former is None or rollout.state is not RolloutState.PROMOTED:
        return None
    return next((item for item in status.history if item.digest == rollout.former), None)


def _has_arrived(scene: Scene, plan: ServingPlan, champion: Commit) -> bool:
    alone = plan_of_commit(scene.model, champion)
    return any(
        all_follow(scene.seen.deployment, scene.seen.servers, revision)
        for revision in (plan.revision, alone.revision)
    )
