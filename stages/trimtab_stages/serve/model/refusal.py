"""Why a version is not served, in the words that the operator shows."""

from trimtab_stages.contract.reasons import ServingReason

RETRYABLE = frozenset(
    {
        ServingReason.STORE_UNREACHABLE,
        ServingReason.ACCESS_DENIED,
        ServingReason.MODEL_MISSING,
    }
)
"""Reasons that may go away without a new plan; the server tries these versions again."""


class VersionRefusedError(Exception):
    """A version cannot be served.

    Attributes:
        reason: why, as a condition reason.
        message: cause, object and next step.
    """

    def __init__(self, reason: ServingReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
