"""Asked to stop: SIGTERM becomes a flag that long work looks at between two steps."""

import signal
import threading
from types import FrameType
from typing import Protocol


class StopFlag(Protocol):
    """Whether the process was asked to stop; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Return True once the process was asked to stop."""
        ...


class InterruptedRunError(Exception):
    """Work ended early because the process was asked to stop; its progress is checkpointed."""


def stop_on_sigterm() -> threading.Event:
    """Return a flag that SIGTERM sets; call from the main thread."""
    flag = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        flag.set()

    signal.signal(signal.SIGTERM, ask)
    return flag
