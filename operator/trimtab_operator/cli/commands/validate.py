"""`trimtab validate`: check manifests without a cluster."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from trimtab_operator.cli.checks import Checks, validate
from trimtab_operator.cli.exits import CommandEnd, ExitCode
from trimtab_operator.cli.strictness import Finding
from trimtab_operator.cli.terminal import BAD, OK, WARN, OutputFormat, results, show_json

Files = Annotated[
    list[Path],
    typer.Option(
        "--filename",
        "-f",
        help="Manifest, or folder of manifests (.yaml, .yml, .json). Repeatable.",
    ),
]
Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="How the result is printed.")]


def validate_command(filename: Files, output: Output = OutputFormat.TEXT) -> None:
    """Check manifests as the cluster would, without a cluster.

    Unknown fields are refused and the nearest known name is given; types, bounds and rules between
    fields are checked; references that the files do not answer, and rules that retrain also where
    the data is at fault, are warned of.

    Exit codes: 0 valid, 1 invalid or unreadable, 64 wrong usage.
    """
    checks = validate(filename)
    if output is OutputFormat.JSON:
        show_json(_as_json(checks))
    else:
        _print(checks, filename)
    if checks.errors:
        raise CommandEnd(ExitCode.ERROR)


def _as_json(checks: Checks) -> dict[str, object]:
    return {
        "valid": not checks.errors,
        "objects": [
            {
                "file": str(item.document.file),
                "line": item.document.line,
                "object": item.document.title,
                "valid": checks.is_valid(item),
            }
            for item in checks.checked
        ],
        "skipped": [item.title for item in checks.skipped],
        "findings": [asdict(item) for item in checks.findings],
    }


def _print(checks: Checks, paths: Sequence[Path]) -> None:
    console = results()
    for item in checks.findings:
        console.print(_line(item))
    for checked in checks.checked:
        if checks.is_valid(checked):
            console.print(Text.assemble((OK, "green"), f" {checked.document.title}"))
    for document in checks.skipped:
        console.print(Text(f"- {document.title} is of another API group, left alone", "dim"))
    console.print(_summary(checks, paths))


def _line(item: Finding) -> Text:
    mark, style = (BAD, "bold red") if item.is_error else (WARN, "yellow")
    return Text.assemble(
        (f"{mark} ", style),
        (f"{item.file}:{item.line} ", "dim"),
        (item.object, "bold"),
        f" `{item.field}`: " if item.field else ": ",
        item.message,
    )


def _summary(checks: Checks, paths: Sequence[Path]) -> Text:
    files = " ".join(f"-f {path}" for path in paths)
    objects = _counted(len(checks.checked), "object")
    if checks.errors:
        errors = _counted(len(checks.errors), "error")
        return Text(f"{errors} in {objects}. Next: correct and validate again.", "bold red")
    return Text(f"{objects} valid. Next: kubectl apply {files}", "bold green")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
