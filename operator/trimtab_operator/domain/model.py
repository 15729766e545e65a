"""What a Model needs next: the right champion, a plan for it, and pods that follow the plan."""

from dataclasses import replace
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.model import Model
from trimtab_operator.domain.conditions import (
    ABNORMAL,
    Moment,
    Truth,
    Verdict,
    is_false,
    paused,
    reconciling,
    set_conditions,
    stalled,
)
from trimtab_operator.domain.model_scene import Choice, Scene
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.plan import Action, Apply, Nudge, Plan
from trimtab_operator.domain.serving import serving_verdict
from trimtab_operator.domain.serving_plan import Wanted, following
from trimtab_operator.domain.storage import storage_verdict
from trimtab_operator.domain.validation import model_verdict
from trimtab_operator.domain.version_choice import choose
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.server import build_plan_config, build_server, build_url

POLL_SECONDS = 2.0
"""How often pods that do not follow the newest plan yet are asked."""
READY, SERVING = ConditionType.READY, ConditionType.SERVING
REMOVABLE = ABNORMAL | {ConditionType.CHALLENGER_HEALTHY}
"""A Model without a challenger says nothing about its health."""


def plan_model(model: Model, observed: ObservedModel, now: datetime) -> Plan:
    """Return what to do for a Model. A champion that serves is never taken away by a fault."""
    if model.metadata.deletion_timestamp is not None:
        return Plan(status=model.status)
    validated = model_verdict(model, observed)
    storage = storage_verdict(observed.storage, observed.release, model.metadata.namespace)
    scene = Scene(model, observed, now, (validated, storage, _paused(model)))
    if validated.status != Truth.TRUE and validated.reason != Reason.REFERENCE_NOT_FOUND:
        stop = [
            is_false(READY, validated.reason, validated.message),
            is_false(SERVING, validated.reason, "Nothing was changed for this spec."),
            stalled(validated.reason, validated.message),
        ]
        return _finish(scene, [*scene.common, *stop], Choice(model.status.champion, None))
    choice = choose(scene)
    if choice.champion is None:
        return _plan_waiting(scene, validated)
    return _plan_serving(scene, choice)


def _plan_waiting(scene: Scene, validated: Verdict) -> Plan:
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
    return _finish(scene, verdicts, Choice(None, None))


def _plan_serving(scene: Scene, choice: Choice) -> Plan:
    model, seen = scene.model, scene.seen
    servers = [Apply(item) for item in build_server(model, seen.release)]
    config = [Apply(build_plan_config(model, choice.plan))] if choice.plan else []
    wanted = _wanted(model, choice)
    seen_now = following(seen.deployment, seen.servers, wanted)
    tell = choice.plan is not None and seen_now.untold
    nudge = [Nudge(seen_now.untold, wanted.revision)] if tell else []
    verdicts, done = serving_verdict(model, seen, seen_now, scene.now)
    update = dict(choice.update or {})
    if done and choice.plan is not None:
        update["plan_revision"] = wanted.revision
    counts = {"replicas": seen.deployment.replicas if seen.deployment else 0}
    update |= counts | {"ready_replicas": len(seen_now.answering), "url": build_url(model)}
    actions = (*choice.before, *config, *servers, *nudge, *choice.after)
    waits = [item for item in (choice.requeue, None if done else POLL_SECONDS) if item is not None]
    chosen = replace(choice, update=update)
    told = [*scene.common, *verdicts, *choice.verdicts]
    return _finish(scene, told, chosen, actions, min(waits, default=None))


def _wanted(model: Model, choice: Choice) -> Wanted:
    """Return what the pods should follow.

    While a rollout adds or removes a challenger, pods on the plan before it answer all the same.
    """
    before = model.status.plan_revision
    revision = choice.plan.revision if choice.plan else before or ""
    former, champion = model.status.champion, choice.champion
    same = former is not None and champion is not None and former.digest == champion.digest
    earlier = before if same and model.spec.rollout is not None else None
    return Wanted(revision, champion.digest if champion is not None else "", earlier)


def _paused(model: Model) -> Verdict:
    effect = "No pod serves until `spec.suspend` is false."
    return paused(suspend=model.spec.suspend, effect=effect)


def _finish(
    scene: Scene,
    verdicts: list[Verdict],
    choice: Choice,
    actions: tuple[Action, ...] = (),
    requeue: float | None = None,
) -> Plan:
    """Return the plan with its whole status."""
    model = scene.model
    moment = Moment(model.metadata.generation, scene.now)
    before = model.status.conditions
    selector = labels.server_selector(model.metadata.name)
    final: dict[str, object] = {
        "observed_generation": moment.generation,
        "conditions": set_conditions(before, verdicts, moment, REMOVABLE),
        "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
    }
    status = model.status.model_copy(update=final | (choice.update or {}))
    return Plan(status=status, actions=actions, requeue_after=requeue)
