"""Which versions of a Model serve: a user's own file, or what runs and rollouts have brought."""

from dataclasses import replace

from trimtab_operator.api.model import Model, OnnxSource, Version
from trimtab_operator.api.rollout import RolloutState, RolloutStatus
from trimtab_operator.domain.model_scene import Choice, Scene
from trimtab_operator.domain.plan import Emit, EventType, Record
from trimtab_operator.domain.promotion import Promotion, next_champion, promoted, version_of
from trimtab_operator.domain.rollback import fulfil, read_wish, waiting, write_records
from trimtab_operator.domain.rollout_conditions import ending_verdicts
from trimtab_operator.domain.rollout_guard import guard
from trimtab_operator.domain.rollout_steps import advance, begin
from trimtab_operator.domain.serving_plan import (
    champion_of_file,
    plan_of_commit,
    plan_of_file,
)
from trimtab_stages.contract.audit import AuditAction, AuditEvidence
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import ServingPlan

RETRY_SECONDS = 5.0
"""When to look again for the commit of a version that shall come back."""


def choose(scene: Scene) -> Choice:
    """Return the versions that should serve now. What was done unrecorded is recorded first."""
    wish = read_wish(scene.model)
    wished = fulfil(scene, wish) if wish is not None else None
    if wished is not None:
        return wished
    chosen = _choose(scene)
    if wish is None:
        return chosen
    return replace(chosen, after=(*chosen.after, waiting(wish)), requeue=RETRY_SECONDS)


def _choose(scene: Scene) -> Choice:
    source = scene.model.spec.onnx
    if source is not None:
        return _choose_file(scene, source)
    if scene.model.status.unwritten:
        return _record(scene)
    return _choose_from_runs(scene)


def _record(scene: Scene) -> Choice:
    """Return the choice that changes nothing but writes what was done before it was recorded."""
    status = scene.model.status
    return Choice(
        status.champion,
        _champion_plan(scene) if status.challenger is None else None,
        after=write_records(scene.model),
        update={"unwritten": []},
        verdicts=ending_verdicts(status.rollout),
        requeue=0.0,
    )


def _choose_file(scene: Scene, source: OnnxSource) -> Choice:
    plan = plan_of_file(scene.model, source)
    known = champion_of_file(scene.model, source)
    if known is not None:
        return Choice(known, plan)
    version = Version(digest=source.digest, key=source.uri, since=scene.now)
    return _promote(scene, version, plan, _record_of_file(scene.model, source))


def _record_of_file(model: Model, source: OnnxSource) -> Record:
    """Return the record of a user's own file; a file that comes back is a new cause."""
    former = model.status.champion.to_wire() if model.status.champion else None
    cause = digest_of([source.digest, source.uri, former])
    reason = f"`spec.onnx` names {source.uri}, {source.digest[:19]}."
    evidence = (AuditEvidence(name="model", digest=source.digest),)
    return Record(AuditAction.PROMOTED, reason, cause, evidence)


def _choose_from_runs(scene: Scene) -> Choice:
    model, status = scene.model, scene.model.status
    rules, serving = model.spec.rollout, scene.commit_of(status.champion)
    if rules is not None and serving is not None and status.challenger is not None:
        newer = _newer(scene, status.challenger)
        held = status.rollout is not None and status.rollout.state is RolloutState.HELD
        if held and newer is not None:
            return begin(scene, newer, serving)
        return advance(scene, rules, status.challenger, serving)
    guarded = guard(scene, rules, serving) if serving is not None else None
    if guarded is not None:
        return guarded
    promotion = _newer(scene, status.champion)
    if promotion is None or (rules is not None and status.champion and serving is None):
        return _stay(scene)
    if rules is not None and serving is not None and _differs(promotion, serving):
        return begin(scene, promotion, serving)
    return _promote_run(scene, promotion)


def _stay(scene: Scene) -> Choice:
    """Return the choice of the champion as it is; without rules no challenger goes on."""
    status = scene.model.status
    plan = _champion_plan(scene)
    rollout = status.rollout
    if scene.model.spec.rollout is not None and status.challenger is not None:
        # The champion's commit cannot be read now: everything stays as it is.
        return Choice(status.champion, None, requeue=RETRY_SECONDS)
    if status.challenger is None or plan is None:
        return Choice(status.champion, plan, verdicts=ending_verdicts(rollout))
    ended = _ended(scene, RolloutState.ROLLED_BACK)
    update: dict[str, object] = {"challenger": None, "rollout": ended}
    return Choice(status.champion, plan, update=update, verdicts=ending_verdicts(ended))


def _ended(scene: Scene, state: RolloutState) -> RolloutStatus | None:
    """Return the end of a rollout whose rules are gone; one that has ended stays as it is."""
    rollout = scene.model.status.rollout
    if rollout is None or scene.model.status.challenger is None:
        return rollout
    words = "`spec.rollout` was removed, so nothing is compared any more."
    return RolloutStatus(digest=rollout.digest, state=state, message=words, since=scene.now)


def _newer(scene: Scene, than: Version | None) -> Promotion | None:
    seen = scene.seen
    rejected = {item.digest for item in scene.model.status.rejected}
    return next_champion(than, seen.runs, seen.commits, rejected)


def _differs(promotion: Promotion, serving: Commit) -> bool:
    """A run that made the same file as the champion's has nothing to be compared with."""
    return promotion.commit.model.file.digest != serving.model.file.digest


def _champion_plan(scene: Scene) -> ServingPlan | None:
    commit = scene.commit_of(scene.model.status.champion)
    return plan_of_commit(scene.model, commit) if commit is not None else None


def _promote_run(scene: Scene, promotion: Promotion) -> Choice:
    version = version_of(promotion, scene.now)
    reason = f"Run `{version.run}` passed: {promotion.judgement.message}"[:1024]
    found = {
        "commit": promotion.run.status.commit_digest,
        "model": version.digest,
        "snapshot": promotion.commit.snapshot,
    }
    evidence = tuple(AuditEvidence(name=name, digest=item) for name, item in found.items() if item)
    record = Record(AuditAction.PROMOTED, reason, promotion.run.spec.trigger_id, evidence)
    return _promote(scene, version, plan_of_commit(scene.model, promotion.commit), record)


def _promote(scene: Scene, version: Version, plan: ServingPlan, record: Record) -> Choice:
    """Return a promotion: recorded before the plan that carries it out."""
    event = Emit(EventType.NORMAL, AuditAction.PROMOTED, record.reason)
    ended = _ended(scene, RolloutState.PROMOTED)
    update = promoted(scene.model, version) | {"challenger": None, "rollout": ended}
    verdicts = ending_verdicts(ended)
    return Choice(version, plan, before=(record, event), update=update, verdicts=verdicts)
