"""`trimtab drift`: look into the evaluation of DriftMonitors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from trimtab_operator.cli.commands.validate import Output
from trimtab_operator.cli.exits import CommandEnd, ExitCode
from trimtab_operator.cli.terminal import BAD, OK, OutputFormat, results, show_json

if TYPE_CHECKING:
    from trimtab_operator.cli.replay import Replay

Monitor = Annotated[str, typer.Argument(help="Name of the DriftMonitor.")]
Bucket = Annotated[
    Path,
    typer.Option(
        "--bucket",
        help="The namespace's bucket: a storage directory (files `bucket`, `endpoint`, "
        "`accessKeyId`, `secretAccessKey`, or `path`), or the folder that holds `monitoring/`.",
    ),
]
Last = Annotated[int, typer.Option(min=1, help="How many of the newest reports.")]

drift_app = typer.Typer(no_args_is_help=True, help="Look into the evaluation of DriftMonitors.")


@drift_app.callback()
def drift() -> None:
    """Look into the evaluation of DriftMonitors."""


@drift_app.command("replay")
def replay_command(
    monitor: Monitor, bucket: Bucket, last: Last = 12, output: Output = OutputFormat.TEXT
) -> None:
    """Compute evaluation reports again from the panes, records and labels that they name.

    Exit codes: 0 all reports are the same, 1 one differs or cannot be computed, 64 wrong usage.
    """
    from trimtab_operator.cli import chain, replay  # noqa: PLC0415 - NumPy and boto3 cost a second

    replays = list(replay.replay_all(chain.open_bucket(bucket), monitor, last))
    if output is OutputFormat.JSON:
        show_json([_as_json(one) for one in replays])
    else:
        for one in replays:
            results().print(_line(one, is_same=one.outcome is replay.Outcome.SAME))
    if any(one.outcome is not replay.Outcome.SAME for one in replays):
        raise CommandEnd(ExitCode.ERROR)


def _as_json(one: "Replay") -> dict[str, object]:
    evaluation = one.evaluation
    return {
        "report": one.key,
        "start": f"{evaluation.start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{evaluation.end:%Y-%m-%dT%H:%M:%SZ}",
        "outcome": one.outcome.value,
        "message": one.message,
    }


def _line(one: "Replay", *, is_same: bool) -> Text:
    evaluation = one.evaluation
    mark = (f"{OK} same", "bold green") if is_same else (f"{BAD} {one.outcome}", "bold red")
    window = f" {evaluation.start:%Y-%m-%d %H:%M:%SZ} to {evaluation.end:%Y-%m-%d %H:%M:%SZ}"
    words = f" {evaluation.rows} rows, {evaluation.labels} labels, {len(evaluation.panes)} panes"
    return Text.assemble(mark, window, words, f": {one.message}" if one.message else "")
