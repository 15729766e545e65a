"""`trimtab drift`: look into the evaluation of DriftMonitors."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from trimtab_operator.cli.commands.validate import Output
from trimtab_operator.cli.exits import CommandEnd, ExitCode
from trimtab_operator.cli.reading import read_objects
from trimtab_operator.cli.terminal import BAD, OK, WARN, OutputFormat, results, show_json

if TYPE_CHECKING:
    from trimtab_operator.cli.replay import Replay
    from trimtab_operator.cli.verdicts.compare import Verdict

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
Filename = Annotated[
    list[Path] | None,
    typer.Option("--filename", "-f", help="Manifest of the DriftMonitor; --audit has the record."),
]
Objects = Annotated[
    Path | None,
    typer.Option(
        "--objects",
        help="JSON of `kubectl get trimtab -o json`, with the DriftMonitor and its decisions; - "
        "reads it from standard input.",
    ),
]
Live = Annotated[
    bool, typer.Option("--live", help="Read the DriftMonitor and its decisions from the cluster.")
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Its namespace. For --live: the current context's."),
]
Audit = Annotated[
    Path | None,
    typer.Option(help="The audit bucket, as for `trimtab audit verify`, which says if it holds."),
]

drift_app = typer.Typer(no_args_is_help=True, help="Look into the evaluation of DriftMonitors.")


@drift_app.callback()
def drift() -> None:
    """Look into the evaluation of DriftMonitors."""


@drift_app.command("replay")
def replay_command(
    monitor: Monitor,
    bucket: Bucket,
    last: Last = 12,
    *,
    filename: Filename = None,
    objects: Objects = None,
    live: Live = False,
    namespace: Namespace = None,
    audit: Audit = None,
    output: Output = OutputFormat.TEXT,
) -> None:
    """Compute evaluation reports again from the panes, records and labels that they name.

    With the rules of the DriftMonitor (-f, --objects or --live) its decisions are made again too,
    from the replayed reports in order, and outcome, reason and rule are compared with what the
    status and the audit log have. What panes do not tell is taken from the record, and said: guards
    that look at runs, failures, the fleet or wall time, and the cooldown where only the audit log
    is there. A window that was suspended, or may not be decided yet, is not compared; one that the
    log lacks differs. The status keeps the newest 12 decisions.

    Exit codes: 0 all reports are the same, and all verdicts that could be compared, 1 one differs
    or a report cannot be computed, 64 wrong usage.
    """
    _check_usage(filename, objects, audit, live=live)
    from trimtab_operator.cli import chain, replay  # noqa: PLC0415 - NumPy and boto3 cost a second
    from trimtab_operator.cli.verdicts import compare, source  # noqa: PLC0415 - they as well

    store = chain.open_bucket(bucket)
    replays = list(replay.replay_all(store, monitor, last))
    found: list[Verdict | None] = [None] * len(replays)
    if filename or objects or live:
        records = None if audit is None else chain.read_records(chain.open_bucket(audit))
        given = read_objects(filename, objects, namespace)
        told = source.source_of(given, monitor, namespace, records)
        history = replay.read_history(store, monitor, last)
        found = [*compare.verdicts(told, history, replays)]
    _print(list(zip(replays, found, strict=True)), output)
    differs = any(one is not None and one.outcome is compare.Comparison.DIFFERENT for one in found)
    if differs or any(one.outcome is not replay.Outcome.SAME for one in replays):
        raise CommandEnd(ExitCode.ERROR)


def _check_usage(
    filename: list[Path] | None, objects: Path | None, audit: Path | None, *, live: bool
) -> None:
    given = [bool(filename), objects is not None, live]
    if sum(given) > 1:
        raise typer.BadParameter("use one of --live, --objects and -f")
    if audit is not None and not any(given):
        raise typer.BadParameter("--audit needs the rules: add --live, --objects or -f")
    if filename and audit is None:
        raise typer.BadParameter("a manifest records no decision: add --audit")


def _print(pairs: "Sequence[tuple[Replay, Verdict | None]]", output: OutputFormat) -> None:
    if output is OutputFormat.JSON:
        show_json([_as_json(*pair) for pair in pairs])
        return
    for one, verdict in pairs:
        results().print(_line(one))
        if verdict is not None:
            results().print(_verdict_line(verdict))


def _as_json(one: "Replay", verdict: "Verdict | None") -> dict[str, object]:
    evaluation = one.report.evaluation
    told = {"outcome": verdict.outcome.value, "message": verdict.message} if verdict else None
    return {
        "report": one.report.file.key,
        "start": f"{evaluation.start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{evaluation.end:%Y-%m-%dT%H:%M:%SZ}",
        "outcome": one.outcome.value,
        "message": one.message,
    } | ({"verdict": told} if told else {})


def _line(one: "Replay") -> Text:
    evaluation = one.report.evaluation
    window = f" {evaluation.start:%Y-%m-%d %H:%M:%SZ} to {evaluation.end:%Y-%m-%d %H:%M:%SZ}"
    words = f" {evaluation.rows} rows, {evaluation.labels} labels, {len(evaluation.panes)} panes"
    return Text.assemble(
        _mark(one.outcome), window, words, f": {one.message}" if one.message else ""
    )


def _verdict_line(verdict: "Verdict") -> Text:
    return Text.assemble("  verdict ", _mark(verdict.outcome), f": {verdict.message}")


def _mark(outcome: str) -> tuple[str, str]:
    match outcome:
        case "Same":
            return f"{OK} same", "bold green"
        case "NotCompared":
            return f"{WARN} {outcome}", "yellow"
        case _:
            return f"{BAD} {outcome}", "bold red"
