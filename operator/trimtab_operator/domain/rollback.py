"""Taking a version back: to which one, by whose wish, and what the status says afterwards."""

from dataclasses import dataclass

from trimtab_operator.api.conditions import Reason
from trimtab_operator.api.model import Model, Version
from trimtab_operator.api.rollout import (
    RejectedVersion,
    RolloutState,
    RolloutStatus,
    UnwrittenRecord,
)
from trimtab_operator.domain.model_scene import REASON_CHARACTERS, Choice, Scene
from trimtab_operator.domain.plan import Emit, EventType, Record
from trimtab_operator.domain.promotion import HISTORY
from trimtab_operator.domain.rollout_conditions import ending_verdicts
from trimtab_operator.domain.serving_plan import plan_of_commit
from trimtab_operator.manifests import labels
from trimtab_stages.contract.audit import AuditAction, AuditEvidence
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.layout import run_commit

PREVIOUS = "previous"
REJECTED = 20
UNWRITTEN = 32


@dataclass(frozen=True, slots=True)
class Wish:
    """A rollback that a person asked for.

    Attributes:
        value: the annotation's value.
        target: version that shall answer; the champion itself where only the challenger shall go.
        refusal: why there is none.
    """

    value: str
    target: Version | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a version is taken back.

    Attributes:
        id: identity of the cause; one record each.
        message: one sentence with the numbers.
    """

    id: str
    message: str


def previous_version(model: Model) -> Version | None:
    """Return the newest former champion that was not rolled back itself."""
    champion = model.status.champion
    out = {item.digest for item in model.status.rejected}
    out |= {champion.digest} if champion is not None else set()
    return next((item for item in model.status.history if item.digest not in out), None)


def read_wish(model: Model) -> Wish | None:
    """Return the rollback that the annotation asks for, None where none is due."""
    value = model.metadata.annotations.get(labels.ROLLBACK, "")[:256]
    if not value or value == model.status.last_handled_rollback:
        return None
    if model.spec.pipeline_ref is None:
        words = "`spec.onnx` names the version that serves; name another file there"
        return Wish(value, None, words)
    name = value.partition("@")[0]
    if name == PREVIOUS:
        target = previous_version(model)
        words = "there is no former champion that was not rolled back" if target is None else ""
        return Wish(value, target, words)
    return _named(model, value, name)


def _named(model: Model, value: str, digest: str) -> Wish:
    status = model.status
    champion = status.champion
    if champion is not None and champion.digest == digest:
        words = "" if status.challenger else "this version is the champion already"
        return Wish(value, champion if status.challenger else None, words)
    found = next((item for item in status.history if item.digest == digest), None)
    known = ", ".join(item.digest for item in status.history) or "none"
    words = "" if found else f"`{digest}` is no former champion; known are: {known}"
    return Wish(value, found, words)


def fulfil(scene: Scene, wish: Wish) -> Choice | None:
    """Return the choice that carries a wish out, None while its version's commit is not known."""
    model, champion = scene.model, scene.model.status.champion
    handled: dict[str, object] = {"last_handled_rollback": wish.value}
    if wish.target is None or champion is None:
        words = f"Rollback to `{wish.value}`: {wish.refusal or 'nothing serves yet'}."
        event = Emit(EventType.WARNING, Reason.ROLLBACK_IMPOSSIBLE, words)
        return Choice(champion, None, after=(event,), update=handled, requeue=0.0)
    identity = digest_of([wish.value, champion.to_wire()])
    cause = Cause(identity, f"A person asked for it: `{wish.value}`.")
    if wish.target.digest == champion.digest and model.status.challenger is not None:
        return take_back_challenger(scene, model.status.challenger, cause, handled)
    return restore(scene, wish.target, cause, handled)


def waiting(wish: Wish) -> Emit:
    """Return what to say of a wish whose version's commit cannot be read."""
    run = wish.target.run if wish.target is not None else None
    words = (
        f"Rollback to `{wish.value}` waits: commit `{run_commit(run or '')}` cannot be read. "
        "Restore it, or name another version."
    )
    return Emit(EventType.WARNING, Reason.ROLLBACK_IMPOSSIBLE, words)


def take_back_challenger(
    scene: Scene, challenger: Version, cause: Cause, update: dict[str, object] | None = None
) -> Choice:
    """Return the choice that removes the challenger; the champion goes on answering."""
    champion = scene.model.status.champion
    commit = scene.commit_of(champion)
    plan = plan_of_commit(scene.model, commit) if commit is not None else None
    ended = _ended(scene, challenger, cause)
    changed = _taken_back(scene, (challenger,), cause)
    return Choice(
        champion,
        plan,
        after=(_event(challenger, cause),),
        update=changed | {"rollout": ended} | (update or {}),
        verdicts=ending_verdicts(ended),
        requeue=0.0,
    )


def restore(
    scene: Scene, target: Version, cause: Cause, update: dict[str, object] | None = None
) -> Choice | None:
    """Return the choice that lets a former champion answer, None while its commit is not known."""
    status, champion = scene.model.status, scene.model.status.champion
    commit = scene.commit_of(target)
    if commit is None or champion is None:
        return None
    back = target.model_copy(update={"since": scene.now})
    others = [item for item in status.history if item.digest != target.digest]
    gone = (champion, *((status.challenger,) if status.challenger is not None else ()))
    ended = _ended(scene, champion, cause)
    changed = _taken_back(scene, gone, cause, target) | {
        "champion": back,
        "history": [champion, *others][:HISTORY],
    }
    return Choice(
        back,
        plan_of_commit(scene.model, commit),
        after=(_event(champion, cause),),
        update=changed | {"rollout": ended} | (update or {}),
        verdicts=ending_verdicts(ended),
        requeue=0.0,
    )


def write_records(model: Model) -> tuple[Record, ...]:
    """Return the records of what was done before it was recorded."""
    return tuple(
        Record(
            item.action,
            item.reason,
            item.cause,
            tuple(AuditEvidence(name="model", digest=digest) for digest in item.models),
        )
        for item in model.status.unwritten
    )


def _event(version: Version, cause: Cause) -> Emit:
    name = version.run or version.digest[:19]
    message = f"Version `{name}` was taken back: {cause.message}"[:REASON_CHARACTERS]
    return Emit(EventType.WARNING, AuditAction.ROLLED_BACK, message)


def _ended(scene: Scene, version: Version, cause: Cause) -> RolloutStatus:
    return RolloutStatus(
        digest=version.digest,
        state=RolloutState.ROLLED_BACK,
        message=cause.message[:REASON_CHARACTERS],
        since=scene.now,
    )


def _taken_back(
    scene: Scene, gone: tuple[Version, ...], cause: Cause, back: Version | None = None
) -> dict[str, object]:
    """Return the status after versions were taken back: they are never tried again.

    A version that a person calls back is no rejected one any more.
    """
    status = scene.model.status
    out = {version.digest for version in (*gone, *((back,) if back is not None else ()))}
    rejected = [
        *(RejectedVersion(digest=one.digest, run=one.run, time=scene.now) for one in gone),
        *(item for item in status.rejected if item.digest not in out),
    ]
    record = UnwrittenRecord(
        action=AuditAction.ROLLED_BACK,
        reason=_event(gone[0], cause).message,
        cause=cause.id,
        models=[version.digest for version in gone],
    )
    return {
        "challenger": None,
        "rejected": rejected[:REJECTED],
        "unwritten": [*status.unwritten, record][-UNWRITTEN:],
    }
