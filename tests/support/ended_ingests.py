"""Ingest pods that have ended without a commit, with their last words."""

from support.worlds import job, pod
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Termination

FAILED_JOB = job(
    pod(
        phase="Failed",
        exit_code=3,
        termination_message=Termination(
            reason=StageReason.MISSING_COLUMN, message="raw/bikes.csv has no column count."
        ).model_dump_json(),
    ),
    failed=1,
    failure_reason="PodFailurePolicy",
)


UNREACHABLE = pod(
    phase="Failed",
    exit_code=4,
    termination_message=Termination(
        reason=StageReason.STORE_UNREACHABLE, message="Nobody listens at s3.test.", retryable=True
    ).model_dump_json(),
)
