"""Clients that go before their answer: out of time, which is the version's fault, or at will."""

from trimtab_stages.serve.errors import AbandonedError, ClientGoneError, RequestError

PATIENCE_SECONDS = 0.1
"""Whoever waited so long and went had a time limit, and it ran out."""

NEARLY = 0.9
"""A client's clock and the server's do not start at the same instant."""


def departure(waited: float, allowed: float | None = None) -> RequestError:
    """Return what a client's departure is counted as.

    Args:
        waited: time since its request was there, seconds.
        allowed: its own time limit where it told one, seconds.
    """
    patience = PATIENCE_SECONDS if allowed is None else min(PATIENCE_SECONDS, NEARLY * allowed)
    if waited >= patience:
        return AbandonedError("the client's time limit passed before the answer was ready")
    return ClientGoneError("the client went away before the answer was ready")
