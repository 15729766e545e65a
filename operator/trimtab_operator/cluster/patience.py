"""How long one reconcile may wait for an API server that asks for patience (429)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

TOTAL_SECONDS = 10.0
"""As much as client-go waits for one request; here it is all that a reconcile waits."""
LEAST_SECONDS = 1.0
"""What an answer with a shorter pause costs, so that no number of them goes on for ever."""


@dataclass(slots=True)
class Patience:
    """Seconds that may still be waited, by all requests together.

    Attributes:
        left: seconds.
    """

    left: float

    def take(self, asked: float | None) -> float | None:
        """Take the pause that an answer asks for, and return it.

        Args:
            asked: seconds of the header Retry-After, None without it.

        Returns:
            Seconds to wait before the request is sent again; None where that would be too long, or
            nothing was asked: then the request has failed.
        """
        if asked is None:
            return None
        pause = max(asked, LEAST_SECONDS)
        if pause > self.left:
            return None
        self.left -= pause
        return pause


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patient(seconds: float = TOTAL_SECONDS) -> Iterator[Patience]:
    """Let the requests of this task, and of those that it starts, wait so long together."""
    patience = Patience(seconds)
    token = _patience.set(patience)
    try:
        yield patience
    finally:
        _patience.reset(token)


def take_pause(asked: float | None) -> float | None:
    """Return the pause before the next try; None outside of `patient`, where nothing may wait.

    A Lease is renewed in time or lost, and a list of the resync comes again.
    """
    patience = _patience.get()
    return patience.take(asked) if patience is not None else None
