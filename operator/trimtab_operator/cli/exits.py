"""How commands end: exit codes and the refusal of a command."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of all commands but `audit verify`, which has its own."""

    OK = 0
    ERROR = 1
    GATES_FAILED = 2
    INCONCLUSIVE = 3
    USAGE = 64


class CommandEnd(Exception):  # noqa: N818 - the ordinary end of a command, not a fault
    """Ends the process with a code; everything has been said already."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class Refusal(Exception):  # noqa: N818 - reads as what the command gives
    """A command cannot do what was asked.

    Attributes:
        reason: CamelCase word, the same as in conditions where there is one.
        message: cause, object and next step.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
