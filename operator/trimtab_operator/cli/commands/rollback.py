"""`trimtab rollback`: let a former version of a Model answer again."""

import os
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from trimtab_operator.cli.commands.diagram import Namespace
from trimtab_operator.cli.commands.validate import Output
from trimtab_operator.cli.diagram.selection import SPELLINGS
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.terminal import OK, OutputFormat, results, show_json

Target = Annotated[str, typer.Argument(help="The Model: model/NAME.")]
To = Annotated[
    str | None,
    typer.Option("--to", help="Digest of a former version, or its first 8 digits; else the last."),
]
Challenger = Annotated[
    bool, typer.Option("--challenger", help="Take back the challenger; the champion stays.")
]


def rollback_command(
    target: Target,
    *,
    to: To = None,
    challenger: Challenger = False,
    namespace: Namespace = None,
    output: Output = OutputFormat.TEXT,
) -> None:
    """Let a former version of a Model answer again; what it replaces is not tried again.

    No request is lost: the pods go on answering until they have loaded it.

    Exit codes: 0 asked for, 1 there is no such version or the cluster refuses, 64 wrong usage.
    """
    from trimtab_operator.cli import rolling_back  # noqa: PLC0415 - kubernetes costs other commands 1 s

    if to is not None and challenger:
        raise Refusal("InvalidTarget", "give one of --to and --challenger")
    name = name_of(target)
    order = rolling_back.Order(name, to, challenger, datetime.now(UTC))
    version = rolling_back.roll_back(os.environ, namespace, order)
    if output is OutputFormat.JSON:
        show_json({"model": name, "champion": version.to_wire()})
        return
    words = f" model/{name}: {version.run or 'the version'} ({version.digest[:19]}) will answer."
    results().print(Text.assemble((OK, "green"), words))
    results().print(Text(f"Next: kubectl describe model {name}", "dim"))


def name_of(target: str) -> str:
    """Return the name in `model/NAME`; the kind may be its plural or short name.

    Raises:
        Refusal: the target has another form.
    """
    spelling, _, name = target.partition("/")
    if SPELLINGS.get(spelling.lower()) != "Model" or not name:
        raise Refusal("InvalidTarget", f"'{target}' is no target; write model/NAME")
    return name
