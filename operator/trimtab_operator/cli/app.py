"""The commands under one name."""

import typer

from trimtab_operator.cli.commands.audit import audit_app
from trimtab_operator.cli.commands.diagram import diagram_command
from trimtab_operator.cli.commands.render import render_command
from trimtab_operator.cli.commands.run import run_command
from trimtab_operator.cli.commands.status import status_command
from trimtab_operator.cli.commands.validate import validate_command

app = typer.Typer(
    name="trimtab",
    help="Models kept on course: data, training, gates, serving and back, from manifests.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("validate")(validate_command)
app.command("run")(run_command)
app.command("render")(render_command)
app.command("status")(status_command)
app.command("diagram")(diagram_command)
app.add_typer(audit_app, name="audit")
