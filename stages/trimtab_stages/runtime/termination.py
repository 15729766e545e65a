"""How a process ends: exit code, reason and message, for the operator and for people."""

import logging
from pathlib import Path

from pydantic import ValidationError

from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.run import Termination
from trimtab_stages.runtime.memory import was_out_of_memory
from trimtab_stages.runtime.stop import InterruptedRunError
from trimtab_stages.store import StoreError

LOG = logging.getLogger(__name__)

DONE = 0
FINAL = 3
RETRYABLE = 4
KUBERNETES_PATH = Path("/dev/termination-log")
_LONGEST_MESSAGE = 1900
_OTHER_STORE_REASONS = {
    "NotFound": StageReason.SOURCE_MISSING,
    "ClockSkewed": StageReason.WRONG_CREDENTIALS,
    "InvalidStorageSettings": StageReason.INVALID_INVOCATION,
    "InvalidKey": StageReason.INVALID_INVOCATION,
}


class RunEndedError(Exception):
    """Work ended in another process, which says how."""

    def __init__(self, termination: Termination) -> None:
        super().__init__(termination.message)
        self.termination = termination


def termination_of(error: BaseException) -> Termination:  # noqa: PLR0911 - one line for each kind
    """Return the last words for an error."""
    match error:
        case RunEndedError():
            return error.termination
        case StageError():
            return _say(error.reason, error.message)
        case StoreError():
            return _say(_store_reason(error), error.message, retryable=error.retryable)
        case InterruptedRunError():
            return _say(
                StageReason.INTERRUPTED,
                "the process was asked to stop; the next attempt continues from the checkpoint",
                retryable=True,
            )
        case ValidationError() | NewerSchemaError():
            return _say(
                StageReason.INVALID_INVOCATION,
                f"the specification or a stored object has another format: {error}; use stage "
                "images of the operator's own version",
            )
        case MemoryError():
            return _out_of_memory()
        case _:
            if was_out_of_memory():
                return _out_of_memory()
            return _say(
                StageReason.INTERNAL_ERROR,
                f"{type(error).__name__}: {error}; the pod's log has the trace: report it",
                retryable=isinstance(error, OSError),
            )


def exit_code(termination: Termination) -> int:
    """Return 4 where another attempt may succeed, else 3."""
    return RETRYABLE if termination.retryable else FINAL


def write_termination(termination: Termination, path: Path | None) -> None:
    """Write the last words to a file; none writes where Kubernetes looks, if that exists."""
    target = path or (KUBERNETES_PATH if KUBERNETES_PATH.exists() else None)
    if target is None:
        return
    try:
        target.write_bytes(termination.model_dump_json(by_alias=True).encode())
    except OSError as error:
        LOG.warning("termination message could not be written: %s", error)


def _out_of_memory() -> Termination:
    return _say(
        StageReason.OUT_OF_MEMORY,
        "a process was killed for memory; raise `spec.compute.memory`, or make the work smaller: a "
        "shorter source, a smaller `spec.training.batchSize`",
    )


def _store_reason(error: StoreError) -> StageReason:
    if error.reason in set(StageReason):
        return StageReason(error.reason)
    return _OTHER_STORE_REASONS.get(error.reason, StageReason.INTERNAL_ERROR)


def _say(reason: StageReason, message: str, *, retryable: bool = False) -> Termination:
    # Kubernetes keeps 4096 bytes; escaping may double them, other scripts take several each.
    fitting = message.encode()[:_LONGEST_MESSAGE].decode(errors="ignore")
    return Termination(reason=reason, message=fitting, retryable=retryable)
