"""The control plane's own exceptions. Everything else is a fault of the program."""


class Retryable(Exception):  # noqa: N818 - reads as the condition that it is
    """A passing fault: conflict, throttling, unreachable. The key is tried again with backoff."""
