"""What the state of the namespace's store means for an object that needs it."""

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.domain.conditions import Verdict, is_false, is_true
from trimtab_operator.domain.observed import JobView, Release, StorageView
from trimtab_operator.domain.pod_faults import Place, last_failure
from trimtab_stages.contract.reasons import StageReason

STORE_FAULTS = frozenset(
    {
        StageReason.BUCKET_MISSING,
        StageReason.WRONG_CREDENTIALS,
        StageReason.ACCESS_DENIED,
        StageReason.STORE_UNREACHABLE,
        StageReason.CONDITIONAL_WRITE_UNSUPPORTED,
    }
)
"""Last words of a pod that are about the store, not about its work."""


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


def seen_from_pods(storage: Verdict, job: JobView, place: Place) -> Verdict:
    """Return the StorageReachable condition with what the Job's pods said last of the store.

    They reach it by their Secret, with an account, an endpoint and a bucket of their own; and only
    they may write, so only they find out whether it keeps what is written. A pod that runs has
    said nothing yet.
    """
    if storage.status != "True" or any(pod.phase == "Running" for pod in job.pods):
        return storage
    said = last_failure(job, place)
    if said is None or said.reason not in STORE_FAULTS:
        return storage
    return is_false(ConditionType.STORAGE_REACHABLE, said.reason, said.message)
