"""RolloutProgressing and ChallengerHealthy: what people and `kubectl wait` see of a rollout."""

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.rollout import RolloutStage, RolloutState, RolloutStatus
from trimtab_operator.domain.conditions import Verdict, is_false, is_true, is_unknown
from trimtab_operator.domain.version_health import Health

PROGRESSING = ConditionType.ROLLOUT_PROGRESSING
HEALTHY = ConditionType.CHALLENGER_HEALTHY
ENDINGS = {
    RolloutState.PROMOTED: Reason.PROMOTED,
    RolloutState.ROLLED_BACK: Reason.ROLLED_BACK,
    RolloutState.HELD: Reason.HELD,
}


def progress_verdicts(rollout: RolloutStatus, health: Health) -> tuple[Verdict, ...]:
    """Return the conditions of a Model with a challenger."""
    return (_progress(rollout), _health(rollout, health))


def ending_verdicts(rollout: RolloutStatus | None) -> tuple[Verdict, ...]:
    """Return the conditions of a Model without a challenger; none before its first rollout."""
    if rollout is None:
        return ()
    if rollout.former is not None:
        words = f"The former champion stays loaded for a while. {rollout.message}"
        return (is_false(PROGRESSING, Reason.GUARDED, words),)
    reason = ENDINGS.get(rollout.state, Reason.ROLLED_BACK)
    return (is_false(PROGRESSING, reason, rollout.message),)


def _progress(rollout: RolloutStatus) -> Verdict:
    if rollout.state is RolloutState.HELD:
        return is_false(PROGRESSING, Reason.HELD, f"{rollout.message} {_way_out(rollout)}")
    return is_true(PROGRESSING, Reason.SHADOWING, rollout.message)


def _way_out(rollout: RolloutStatus) -> str:
    return (
        "It ends when evidence decides, when a newer run passes, when `spec.rollout` is changed, "
        "or when `kubectl trimtab rollback model/NAME --challenger` takes "
        f"{(rollout.digest or '')[:19]} back."
    )


def _health(rollout: RolloutStatus, health: Health) -> Verdict:
    if rollout.stage is RolloutStage.FIRST_POD:
        words = f"Pod `{rollout.first_pod}` loads it before all others do."
        return is_unknown(HEALTHY, Reason.STARTING, words)
    if not health.requests:
        return is_unknown(HEALTHY, Reason.SHADOWING, "It has not scored any request yet.")
    return is_true(HEALTHY, Reason.HEALTHY, "It loads, fails no requests and is fast enough.")
