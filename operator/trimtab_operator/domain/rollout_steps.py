"""Steps of a rollout: begin in one pod, shadow in all, then promote, hold or take back.

Every step waits until all ready pods report the plan of the one before. What promotes is recorded
first; what takes back is done first, and its record is kept in the status until it is written.
"""

from dataclasses import replace
from datetime import timedelta

from trimtab_operator.api.model import Version
from trimtab_operator.api.rollout import Rollout, RolloutStage, RolloutState, RolloutStatus
from trimtab_operator.domain.model_scene import REASON_CHARACTERS, Choice, Scene
from trimtab_operator.domain.plan import Action, Emit, EventType, Record
from trimtab_operator.domain.promotion import Promotion, promoted, version_of
from trimtab_operator.domain.rollback import Cause, take_back_challenger
from trimtab_operator.domain.rollout import Judgement, judge_rollout
from trimtab_operator.domain.rollout_conditions import ending_verdicts, progress_verdicts
from trimtab_operator.domain.serving_plan import (
    all_follow,
    all_hold,
    one_holds,
    plan_of_commit,
    ready_pods,
)
from trimtab_operator.domain.version_health import (
    Health,
    count_restarts,
    shadow_health,
)
from trimtab_stages.contract.audit import AuditAction, AuditEvidence
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import ServingPlan

WATCH_SECONDS = 10.0
"""How often the pods are asked while a challenger, or a new champion, is on trial."""


def begin(scene: Scene, promotion: Promotion, champion: Commit) -> Choice:
    """Return the choice that starts a rollout; recorded before the plan that carries it out."""
    challenger = version_of(promotion, scene.now)
    pods = ready_pods(scene.seen.deployment)
    first = pods[0].name if len(pods) > 1 else None
    words = f"Run `{challenger.run}` passed: {promotion.judgement.message}"[:REASON_CHARACTERS]
    plan = plan_of_commit(scene.model, champion, challenger=promotion.commit, only_on=first)
    rollout = RolloutStatus(
        digest=challenger.digest,
        stage=RolloutStage.FIRST_POD if first is not None else RolloutStage.SHADOW,
        plan_revision=plan.revision,
        message="The challenger is being loaded.",
        since=scene.now,
        first_pod=first,
        restarts=count_restarts(scene.seen.deployment),
    )
    record = Record(
        AuditAction.ROLLOUT_STARTED, words, promotion.run.spec.trigger_id, _evidence(challenger)
    )
    return Choice(
        scene.model.status.champion,
        plan,
        before=(record, Emit(EventType.NORMAL, record.action, words)),
        update={"challenger": challenger, "rollout": rollout},
        verdicts=progress_verdicts(rollout, Health()),
        requeue=WATCH_SECONDS,
    )


def advance(scene: Scene, rules: Rollout, challenger: Version, champion: Commit) -> Choice:
    """Return the next step of a rollout."""
    commit = scene.commit_of(challenger)
    if commit is None:
        return Choice(scene.model.status.champion, None, requeue=WATCH_SECONDS)
    rollout = _rollout_of(scene, challenger)
    plan = _shadow_plan(scene, rollout, champion, commit)
    confirmed = all_follow(scene.seen.deployment, scene.seen.servers, plan.revision)
    first_done = confirmed and _first_pod_holds(scene, rollout)
    if first_done:
        rollout = rollout.model_copy(update={"stage": RolloutStage.SHADOW, "first_pod": None})
        plan = _shadow_plan(scene, rollout, champion, commit)
    health = _health_of(scene, rollout, challenger.digest, champion)
    evidence = rollout.evidence
    about = evidence is not None and evidence.digest == challenger.digest
    # What pods say of a challenger that was just taken from them is nothing, and no consent.
    held = all_hold(scene.seen.deployment, scene.seen.servers, challenger.digest)
    counts = confirmed and held and not first_done
    # What is held waits for evidence, a newer run or a person, as long as it takes.
    age = timedelta(0) if rollout.state is RolloutState.HELD else scene.now - challenger.since
    judgement = judge_rollout(rules, evidence if about else None, health, confirmed=counts, age=age)
    if not counts and judgement.state is RolloutState.PROGRESSING:
        judgement = replace(judgement, state=rollout.state)
    rollout = rollout.model_copy(update={"plan_revision": plan.revision})
    match judgement.state:
        case RolloutState.ROLLED_BACK:
            identity = digest_of([challenger.digest, "challenger"])
            return take_back_challenger(scene, challenger, Cause(identity, judgement.message))
        case RolloutState.PROMOTED:
            return _promote(scene, challenger, commit, judgement)
        case _:
            return _go_on(scene, rollout, judgement, plan, health)


def _rollout_of(scene: Scene, challenger: Version) -> RolloutStatus:
    """Return the rollout of the challenger; its first pod is replaced where that is gone."""
    known = scene.model.status.rollout
    if known is None or known.digest != challenger.digest:
        known = RolloutStatus(digest=challenger.digest, since=challenger.since)
    names = [pod.name for pod in ready_pods(scene.seen.deployment)]
    pods = scene.seen.deployment.pods if scene.seen.deployment is not None else ()
    if known.first_pod is None or any(pod.name == known.first_pod for pod in pods) or not names:
        return known
    return known.model_copy(update={"first_pod": names[0]})


def _first_pod_holds(scene: Scene, rollout: RolloutStatus) -> bool:
    """Return whether the first pod answers and has loaded the challenger.

    One that is restarting has not: the challenger may be what ended it.
    """
    first, digest = rollout.first_pod, rollout.digest
    if rollout.stage is not RolloutStage.FIRST_POD or first is None or digest is None:
        return rollout.stage is RolloutStage.FIRST_POD
    return one_holds(scene.seen.deployment, scene.seen.servers, first, digest)


def _shadow_plan(
    scene: Scene, rollout: RolloutStatus, champion: Commit, challenger: Commit
) -> ServingPlan:
    only_on = rollout.first_pod if rollout.stage is RolloutStage.FIRST_POD else None
    return plan_of_commit(scene.model, champion, challenger=challenger, only_on=only_on)


def _health_of(scene: Scene, rollout: RolloutStatus, digest: str, champion: Commit) -> Health:
    """Return the health of the challenger since the rollout began."""
    seen, answering = scene.seen, champion.model.file.digest
    found = shadow_health(seen.deployment, seen.servers, digest, answering)
    return found.since(rollout.restarts)


def _go_on(
    scene: Scene, rollout: RolloutStatus, judgement: Judgement, plan: ServingPlan, health: Health
) -> Choice:
    """Return the choice that leaves champion and challenger where they are."""
    changed = rollout.state is not judgement.state
    update = {"state": judgement.state, "message": judgement.message[:REASON_CHARACTERS]}
    told = rollout.model_copy(update=update | ({"since": scene.now} if changed else {}))
    after: tuple[Action, ...] = ()
    if changed and told.state is RolloutState.HELD:
        cause = digest_of([told.digest, "held"])
        record = Record(AuditAction.ROLLOUT_HELD, told.message, cause)
        after = (record, Emit(EventType.WARNING, record.action, told.message))
    return Choice(
        scene.model.status.champion,
        plan,
        after=after,
        update={"rollout": told},
        verdicts=progress_verdicts(told, health),
        requeue=WATCH_SECONDS,
    )


def _promote(scene: Scene, challenger: Version, commit: Commit, judgement: Judgement) -> Choice:
    """Return the choice that lets the challenger answer; recorded before it does."""
    status = scene.model.status
    champion = challenger.model_copy(update={"since": scene.now})
    reason = f"Challenger `{challenger.run}` is not worse: {judgement.message}"[:REASON_CHARACTERS]
    former = scene.commit_of(status.champion)
    rollout = RolloutStatus(
        digest=challenger.digest,
        state=RolloutState.PROMOTED,
        message=judgement.message[:REASON_CHARACTERS],
        since=scene.now,
        restarts=count_restarts(scene.seen.deployment),
        former=status.champion.digest if status.champion is not None else None,
    )
    record = Record(AuditAction.PROMOTED, reason, commit.trigger_id, _evidence(challenger))
    return Choice(
        champion,
        plan_of_commit(scene.model, commit, former=former),
        before=(record, Emit(EventType.NORMAL, record.action, reason)),
        update=promoted(scene.model, champion) | {"challenger": None, "rollout": rollout},
        verdicts=ending_verdicts(rollout),
        requeue=WATCH_SECONDS,
    )


def _evidence(version: Version) -> tuple[AuditEvidence, ...]:
    found = {"model": version.digest, "snapshot": version.snapshot}
    return tuple(AuditEvidence(name=name, digest=item) for name, item in found.items() if item)
