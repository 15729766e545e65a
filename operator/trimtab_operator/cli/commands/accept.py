"""`trimtab accept`: start the retrain that a DriftMonitor suggests."""

import os
from typing import Annotated

import typer
from rich.text import Text

from trimtab_operator.cli.commands.diagram import Namespace
from trimtab_operator.cli.commands.validate import Output
from trimtab_operator.cli.diagram.selection import SPELLINGS
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.terminal import OK, OutputFormat, results, show_json

Target = Annotated[str, typer.Argument(help="The DriftMonitor: driftmonitor/NAME.")]


def accept_command(
    target: Target, namespace: Namespace = None, output: Output = OutputFormat.TEXT
) -> None:
    """Accept the retrain that a DriftMonitor suggests: its Pipeline starts a run for it.

    What is accepted is what its status shows now, and nothing that it suggests later.

    Exit codes: 0 accepted, 1 nothing is suggested or the cluster refuses, 64 wrong usage.
    """
    from trimtab_operator.cli import acceptance  # noqa: PLC0415 - kubernetes costs other commands 1 s

    name = name_of(target)
    accepted = acceptance.accept(os.environ, namespace, name)
    if output is OutputFormat.JSON:
        show_json({"driftMonitor": name, "accepted": accepted.to_wire()})
        return
    end = f"{accepted.window_end:%Y-%m-%dT%H:%M:%SZ}"
    words = f" driftmonitor/{name}: accepted the retrain for the window until {end}. "
    results().print(Text.assemble((OK, "green"), words, accepted.message))
    results().print(Text(f"Next: kubectl describe driftmonitor {name}", "dim"))


def name_of(target: str) -> str:
    """Return the name in `driftmonitor/NAME`; the kind may be its plural or short name.

    Raises:
        Refusal: the target has another form.
    """
    spelling, _, name = target.partition("/")
    if SPELLINGS.get(spelling.lower()) != "DriftMonitor" or not name:
        raise Refusal("InvalidTarget", f"'{target}' is no target; write driftmonitor/NAME")
    return name
