"""Entry point of `trimtab` and of `kubectl trimtab`."""

import sys
from collections.abc import Sequence

from trimtab_operator.cli.app import app
from trimtab_operator.cli.exits import CommandEnd, ExitCode, Refusal
from trimtab_operator.cli.terminal import show_refusal

CLICK_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code.

    Args:
        arguments: the command line without the program's name. Default: the process's own.
    """
    try:
        app(arguments)
    except CommandEnd as end:
        sys.exit(end.code)
    except Refusal as refusal:
        show_refusal(refusal)
        sys.exit(ExitCode.ERROR)
    except SystemExit as end:
        # 2 means failed gates here, so wrong usage moves to EX_USAGE
        sys.exit(ExitCode.USAGE if end.code == CLICK_USAGE else end.code)


if __name__ == "__main__":
    main()
