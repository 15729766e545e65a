"""The commands under one name."""

from typing import Annotated

import typer

from trimtab_operator import __version__
from trimtab_operator.cli.commands.accept import accept_command
from trimtab_operator.cli.commands.audit import audit_app
from trimtab_operator.cli.commands.diagram import diagram_command
from trimtab_operator.cli.commands.drift import drift_app
from trimtab_operator.cli.commands.render import render_command
from trimtab_operator.cli.commands.rollback import rollback_command
from trimtab_operator.cli.commands.run import run_command
from trimtab_operator.cli.commands.status import status_command
from trimtab_operator.cli.commands.validate import validate_command

app = typer.Typer(
    name="trimtab",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:  # noqa: FBT001 - the signature of a typer callback
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Keep models on course: data, training, gates, serving and back, from manifests."""


app.command("validate")(validate_command)
app.command("run")(run_command)
app.command("render")(render_command)
app.command("status")(status_command)
app.command("rollback")(rollback_command)
app.command("diagram")(diagram_command)
app.command("accept")(accept_command)
app.add_typer(audit_app, name="audit")
app.add_typer(drift_app, name="drift")
