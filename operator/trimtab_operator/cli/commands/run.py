"""`trimtab run`: Datasets and Pipelines on this machine, without a cluster."""

import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.checks import Checks, read_valid
from trimtab_operator.cli.commands.validate import Files, Output
from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.layout import lay_out
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.svg import draw
from trimtab_operator.cli.exits import CommandEnd, Refusal
from trimtab_operator.cli.terminal import OutputFormat, remarks, results, show_json

if TYPE_CHECKING:
    from trimtab_operator.cli.local.summary import Summary
    from trimtab_operator.cli.local.walk import Ingested, LocalDataset, Trained

INTERRUPTED = 130

Workdir = Annotated[
    Path, typer.Option(help="Folder for the store, logs and pictures. Kept: it is the cache.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, max=2_147_483_647, help="Takes the place of `training.seed`."),
]
Storage = Annotated[
    Path | None,
    typer.Option(
        help="Storage directory of another store: files `bucket`, `endpoint`, `accessKeyId`, "
        "`secretAccessKey` (S3) or `path`. Default: files in the work folder."
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(help="Folder that `source.uri` is relative to. Default: the manifest's."),
]
Against = Annotated[
    str | None,
    typer.Option(help="Name of an earlier local run; its model is the champion to compare with."),
]


def run_command(
    filename: Files,
    workdir: Workdir = Path(".trimtab"),
    seed: Seed = None,
    data: Data = None,
    storage: Storage = None,
    against: Against = None,
    output: Output = OutputFormat.TEXT,
) -> None:
    """Ingest, train, judge and export on this machine, without a cluster.

    The same code runs as in the pods, started as child processes. `source.uri` is a file or folder
    relative to the manifest (or to `--data`), or a key of the store. Unchanged inputs are never
    worked on twice; a stopped run continues from its last checkpoint.

    Exit codes: 0 all gates passed, 1 failed, 2 a gate failed, 3 inconclusive, 64 wrong usage,
    130 stopped.
    """
    checks = read_valid(filename)
    # A supervisor's SIGTERM ends a run as Ctrl-C does: the child writes its checkpoint first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        summary = _walk(checks, _Choices(workdir, storage, data, seed, against))
    except KeyboardInterrupt:
        remarks().print("Stopped. Next: the same command continues from the last checkpoint.")
        raise CommandEnd(INTERRUPTED) from None
    _show(summary, filename, output)
    if summary.code:
        raise CommandEnd(summary.code)


@dataclass(frozen=True, slots=True)
class _Choices:
    """Options of the command."""

    workdir: Path
    storage: Path | None
    data: Path | None
    seed: int | None
    against: str | None


def _walk(checks: Checks, choices: _Choices) -> "Summary":
    from trimtab_operator.cli.local import outputs, summary, walk, workspace  # noqa: PLC0415 - boto3 costs other commands 0.5 s

    space = workspace.open_workspace(choices.workdir, choices.storage)
    walker = walk.Walk(space, remarks(), workspace.code_version())
    champion = walker.champion(choices.against) if choices.against else None
    pipelines = [item for item in checks.objects() if isinstance(item, Pipeline)]
    ingested: list[Ingested] = []
    trained: list[Trained] = []
    for local, users in walk.datasets_first(_local_datasets(checks, choices.data), pipelines):
        snapshot = walker.ingest(local)
        ingested.append(snapshot)
        trained += [walker.train(user, snapshot, champion, choices.seed) for user in users]
    copies = outputs.copy_outputs(space, walker.store, ingested, trained)
    scene = _scene(checks, ingested, trained, copies)
    space.picture.write_text(draw(lay_out(compose(scene, "Trimtab on this machine"))), "utf-8")
    return summary.Summary(ingested, trained, space.picture, copies)


def _local_datasets(checks: Checks, data: Path | None) -> "list[LocalDataset]":
    from trimtab_operator.cli.local.walk import LocalDataset  # noqa: PLC0415 - as above

    found = [
        LocalDataset(item.object, data or item.document.file.parent)
        for item in checks.checked
        if isinstance(item.object, Dataset)
    ]
    if not found:
        raise Refusal("NoManifests", "no Dataset is among these manifests; name its file with -f")
    return found


def _scene(
    checks: Checks, ingested: "list[Ingested]", trained: "list[Trained]", copies: dict[str, Path]
) -> Scene:
    return Scene(
        now=datetime.now(UTC),
        objects=tuple(checks.objects()),
        commits={item.commit.run: item.commit for item in trained},
        manifests={item.manifest.digest: item.manifest for item in ingested},
        local_runs={item.pipeline.metadata.name: item.commit.run for item in trained},
        copies={key: path.as_uri() for key, path in copies.items()},
    )


def _show(summary: "Summary", files: list[Path], output: OutputFormat) -> None:
    from trimtab_operator.cli.local.summary import as_json, next_step, tables  # noqa: PLC0415 - as above

    if output is OutputFormat.JSON:
        show_json(as_json(summary))
        return
    console = results()
    for part in tables(summary):
        console.print(part)
    console.print(f"\nPicture: {summary.picture}")
    console.print(next_step(summary, " ".join(f"-f {path}" for path in files)))
