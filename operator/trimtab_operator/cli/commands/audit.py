"""`trimtab audit`: list and verify the audit chain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from trimtab_operator.cli.commands.validate import Output
from trimtab_operator.cli.exits import CommandEnd
from trimtab_operator.cli.terminal import BAD, OK, OutputFormat, results, show_json

if TYPE_CHECKING:
    from trimtab_operator.cli.chain import Verdict

Bucket = Annotated[
    Path,
    typer.Option(
        "--bucket",
        help="The audit bucket: a storage directory (files `bucket`, `endpoint`, `accessKeyId`, "
        "`secretAccessKey`, or `path`), or the folder that holds `chain/`.",
    ),
]
Head = Annotated[
    str | None,
    typer.Option(
        help="Hash of the newest record that you know of, kept where the bucket's owner cannot "
        "write. Without it a chain cut short at its end looks like a shorter one."
    ),
]
Last = Annotated[int, typer.Option(min=1, help="How many of the newest records.")]

audit_app = typer.Typer(no_args_is_help=True, help="List and verify the audit chain.")


@audit_app.command("verify")
def verify_command(bucket: Bucket, head: Head = None, output: Output = OutputFormat.TEXT) -> None:
    """Check that no record was edited, dropped, swapped, forked or cut off.

    Exit codes: 0 intact, 1 not readable, 2 record edited, 3 gap or duplicate, 4 cut off before
    `--head`, 6 fork, 64 wrong usage.
    """
    from trimtab_operator.cli import chain  # noqa: PLC0415 - boto3 costs other commands 0.5 s

    verdict = chain.verify_chain(chain.open_bucket(bucket), head)
    if output is OutputFormat.JSON:
        show_json(_as_json(verdict))
    else:
        results().print(_sentence(verdict))
    if verdict.code:
        raise CommandEnd(verdict.code)


@audit_app.command("list")
def list_command(bucket: Bucket, last: Last = 20, output: Output = OutputFormat.TEXT) -> None:
    """Show the newest records. `audit verify` says whether they can be believed."""
    from trimtab_operator.cli import chain  # noqa: PLC0415 - boto3 costs other commands 0.5 s

    records = chain.read_records(chain.open_bucket(bucket), last)
    if output is OutputFormat.JSON:
        show_json([record.to_wire() for record in records])
        return
    table = Table("#", "time", "action", "object", "actor", "reason", box=None)
    for record in records:
        about = record.object
        table.add_row(
            str(record.sequence),
            f"{record.time:%Y-%m-%d %H:%M:%SZ}",
            Text(record.action, "bold"),
            f"{about.namespace}/{about.kind}/{about.name}",
            record.actor,
            record.reason,
        )
    results().print(table)


def _as_json(verdict: "Verdict") -> dict[str, object]:
    return {
        "intact": verdict.fault is None,
        "records": verdict.records,
        "head": verdict.head,
        "fault": verdict.fault.to_wire() if verdict.fault else None,
    }


def _sentence(verdict: "Verdict") -> Text:
    if verdict.fault is None:
        words = f" {verdict.records} records, intact. Head: {verdict.head or 'none yet'}"
        return Text.assemble((OK, "bold green"), words)
    return Text.assemble(
        (f"{BAD} {verdict.fault.kind}", "bold red"),
        f" at record {verdict.fault.sequence}: {verdict.fault.message}."
        " Next: compare with a backup of the bucket; records before this one are intact.",
    )
