"""What a Model needs next: the right champion, a plan for it, and pods that follow the plan."""

from dataclasses import dataclass, replace
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.model import Model, OnnxSource, Version
from trimtab_operator.domain.conditions import (
    Moment,
    Truth,
    Verdict,
    is_false,
    paused,
    reconciling,
    set_conditions,
    stalled,
)
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.plan import Action, Apply, Emit, EventType, Nudge, Plan, Record
from trimtab_operator.domain.promotion import next_champion, promoted, version_of
from trimtab_operator.domain.serving import serving_verdict
from trimtab_operator.domain.serving_plan import (
    champion_of_file,
    following,
    plan_of_commit,
    plan_of_file,
)
from trimtab_operator.domain.storage import storage_verdict
from trimtab_operator.domain.validation import model_verdict
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.server import build_plan_config, build_server, build_url
from trimtab_stages.contract.audit import AuditAction, AuditEvidence
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.serving_plan import ServingPlan

POLL_SECONDS = 5.0
"""How often pods that do not follow the newest plan yet are asked."""
READY, SERVING = ConditionType.READY, ConditionType.SERVING


@dataclass(frozen=True, slots=True)
class _Scene:
    """A Model, its world, and what its status will say."""

    model: Model
    seen: ObservedModel
    now: datetime
    common: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The version that serves from now on, and what has to happen before it does.

    Attributes:
        champion: the version, none where there is none yet.
        plan: what the pods follow; none where it cannot be told now, then theirs stays.
        actions: Record and Emit of a promotion.
        update: status fields that a promotion changes.
    """

    champion: Version | None
    plan: ServingPlan | None
    actions: tuple[Action, ...] = ()
    update: dict[str, object] | None = None


def plan_model(model: Model, observed: ObservedModel, now: datetime) -> Plan:
    """Return what to do for a Model. A champion that serves is never taken away by a fault."""
    if model.metadata.deletion_timestamp is not None:
        return Plan(status=model.status)
    validated = model_verdict(model, observed)
    storage = storage_verdict(observed.storage, observed.release, model.metadata.namespace)
    scene = _Scene(model, observed, now, (validated, storage, _paused(model)))
    if validated.status != Truth.TRUE and validated.reason != Reason.REFERENCE_NOT_FOUND:
        stop = [
            is_false(READY, validated.reason, validated.message),
            is_false(SERVING, validated.reason, "Nothing was changed for this spec."),
            stalled(validated.reason, validated.message),
        ]
        return _finish(scene, [*scene.common, *stop], _Choice(model.status.champion, None))
    choice = _choose(scene)
    if choice.champion is None:
        return _plan_waiting(scene, validated)
    return _plan_serving(scene, choice)


def _choose(scene: _Scene) -> _Choice:
    """Return the version that should serve now."""
    source = scene.model.spec.onnx
    if source is not None:
        plan = plan_of_file(scene.model, source)
        known = champion_of_file(scene.model, source)
        if known is not None:
            return _Choice(known, plan)
        version = Version(digest=source.digest, key=source.uri, since=scene.now)
        return _promote(scene, version, plan, _record_of_file(scene.model, source))
    return _choose_from_runs(scene)


def _record_of_file(model: Model, source: OnnxSource) -> Record:
    """Return the record of a user's own file; a file that comes back is a new cause."""
    former = model.status.champion.to_wire() if model.status.champion else None
    cause = digest_of([source.digest, source.uri, former])
    reason = f"`spec.onnx` names {source.uri}, {source.digest[:19]}."
    evidence = (AuditEvidence(name="model", digest=source.digest),)
    return Record(AuditAction.PROMOTED, reason, cause, evidence)


def _choose_from_runs(scene: _Scene) -> _Choice:
    model, seen = scene.model, scene.seen
    champion = model.status.champion
    promotion = next_champion(champion, seen.runs, seen.commits)
    if promotion is None:
        commit = seen.commits.get(champion.run or "") if champion is not None else None
        return _Choice(champion, plan_of_commit(model, commit) if commit else None)
    version = version_of(promotion, scene.now)
    reason = f"Run `{version.run}` passed: {promotion.judgement.message}"[:1024]
    found = {
        "commit": promotion.run.status.commit_digest,
        "model": version.digest,
        "snapshot": promotion.commit.snapshot,
    }
    evidence = tuple(AuditEvidence(name=name, digest=item) for name, item in found.items() if item)
    record = Record(AuditAction.PROMOTED, reason, promotion.run.spec.trigger_id, evidence)
    return _promote(scene, version, plan_of_commit(model, promotion.commit), record)


def _promote(scene: _Scene, version: Version, plan: ServingPlan, record: Record) -> _Choice:
    """Return a promotion: recorded before the plan that carries it out."""
    event = Emit(EventType.NORMAL, AuditAction.PROMOTED, record.reason)
    return _Choice(version, plan, (record, event), promoted(scene.model, version))


def _plan_waiting(scene: _Scene, validated: Verdict) -> Plan:
    """Nothing serves yet: no run has passed, or the Pipeline does not exist."""
    if validated.status != Truth.TRUE:
        reason, words = validated.reason, validated.message
    elif scene.common[1].status != Truth.TRUE:
        reason, words = scene.common[1].reason, scene.common[1].message
    else:
        name = scene.model.spec.pipeline_ref.name if scene.model.spec.pipeline_ref else ""
        reason = Reason.WAITING_FOR_RUN
        words = (
            f"No run of Pipeline `{name}` has passed its gates yet; "
            f"`kubectl get pipelineruns -l {labels.PIPELINE}={name}` lists them."
        )
    verdicts = [
        *scene.common,
        is_false(READY, reason, words),
        is_false(SERVING, reason, words),
        reconciling(reason, words),
    ]
    return _finish(scene, verdicts, _Choice(None, None))


def _plan_serving(scene: _Scene, choice: _Choice) -> Plan:
    model, seen = scene.model, scene.seen
    servers = [Apply(item) for item in build_server(model, seen.release)]
    config = [Apply(build_plan_config(model, choice.plan))] if choice.plan else []
    revision = choice.plan.revision if choice.plan else model.status.plan_revision or ""
    seen_now = following(seen.deployment, seen.servers, revision)
    nudge = [Nudge(seen_now.behind, revision)] if choice.plan and seen_now.behind else []
    verdicts, done = serving_verdict(model, seen, seen_now, scene.now)
    update = dict(choice.update or {})
    if done and choice.plan is not None:
        update["plan_revision"] = revision
    counts = {"replicas": seen.deployment.replicas if seen.deployment else 0}
    update |= counts | {"ready_replicas": len(seen_now.answering), "url": build_url(model)}
    chosen = replace(choice, actions=(*choice.actions, *config, *servers, *nudge), update=update)
    return _finish(scene, [*scene.common, *verdicts], chosen, None if done else POLL_SECONDS)


def _paused(model: Model) -> Verdict:
    effect = "No pod serves until `spec.suspend` is false."
    return paused(suspend=model.spec.suspend, effect=effect)


def _finish(
    scene: _Scene, verdicts: list[Verdict], choice: _Choice, requeue: float | None = None
) -> Plan:
    """Return the plan with its whole status."""
    model = scene.model
    moment = Moment(model.metadata.generation, scene.now)
    selector = labels.server_selector(model.metadata.name)
    final: dict[str, object] = {
        "observed_generation": moment.generation,
        "conditions": set_conditions(model.status.conditions, verdicts, moment),
        "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
    }
    status = model.status.model_copy(update=final | (choice.update or {}))
    return Plan(status=status, actions=choice.actions, requeue_after=requeue)
