"""What the state of the namespace's store means for an object that needs it."""

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.domain.conditions import Verdict, is_false, is_true
from trimtab_operator.domain.observed import Release, StorageView
from trimtab_stages.contract.reasons import StageReason


def storage_verdict(view: StorageView, release: Release, namespace: str) -> Verdict:
    """Return the StorageReachable condition, with the next step where it is False."""
    kind = ConditionType.STORAGE_REACHABLE
    if not view.configured:
        cause = view.message or f"The operator knows no bucket for namespace `{namespace}`."
        step = (
            "Name one in the chart's values under `storage`, and see that the Secret "
            f"`{release.storage_secret}` exists in the namespace."
        )
        return is_false(kind, view.reason or Reason.STORAGE_NOT_CONFIGURED, f"{cause} {step}")
    if not view.reachable:
        reason = view.reason or StageReason.STORE_UNREACHABLE
        return is_false(kind, reason, view.message or "The store does not answer.")
    return is_true(kind, Reason.STORED, view.message or "The store answers.")
