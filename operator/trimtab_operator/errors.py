"""The control plane's own exceptions. Everything else is a fault of the program."""

from pathlib import Path


class Retryable(Exception):  # noqa: N818 - reads as the condition that it is
    """A passing fault: conflict, throttling, unreachable. The key is tried again with backoff.

    Attributes:
        retry_after: seconds that the other side asked to wait; None leaves it to the backoff.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(Retryable):
    """Somebody wrote the object after it was read; reading again is all that is needed."""


class Throttled(Retryable):
    """The API server has too much to do (429): the same request, a little later, is all it asks."""


class Refused(Exception):  # noqa: N818 - reads as the condition that it is
    """The API server will not do it, however often it is asked (403, 422, ...).

    Attributes:
        status: HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NameTaken(Exception):  # noqa: N818 - reads as the condition that it is
    """An object of the name that a child needs belongs to somebody else."""


class RecordNotWritten(Retryable):
    """The audit chain cannot be written, so what must be recorded first was not done."""


class LeaseLost(Exception):  # noqa: N818 - reads as the condition that it is
    """Another operator may be active by now; this one must stop."""


class InvalidSettings(Exception):  # noqa: N818 - reads as the condition that it is
    """The settings file cannot be followed."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{path}: {cause}; correct the operator's settings in the Helm values")


class NotAuthenticated(Exception):  # noqa: N818 - reads as the condition that it is
    """The API server does not know who the operator is."""
