"""`trimtab diagram`: the loop as one SVG."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.layout import lay_out
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.selection import select
from trimtab_operator.cli.diagram.svg import draw
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.reading import read_objects
from trimtab_operator.cli.strictness import TrimtabObject
from trimtab_operator.cli.terminal import remarks

Target = Annotated[
    str | None,
    typer.Argument(help="Draw only the loop of this object: model/x, pipeline/x, dataset/x."),
]
Manifests = Annotated[
    list[Path] | None,
    typer.Option("--filename", "-f", help="Manifest or folder of manifests; nothing has run yet."),
]
Objects = Annotated[
    Path | None,
    typer.Option(
        "--objects",
        help="JSON of `kubectl get trimtab -o json`, which lists all kinds; - reads it from "
        "standard input.",
    ),
]
Live = Annotated[bool, typer.Option("--live", help="Read the cluster. Default without -f.")]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Namespace. Default: the current context's."),
]
Svg = Annotated[
    Path, typer.Option("--output", "-o", help="SVG file to write; - writes to standard output.")
]
Links = Annotated[
    str,
    typer.Option(
        help="Put before store keys, so that boxes link to their reports: the address under which "
        "the bucket can be read in a browser, with a trailing slash."
    ),
]


def diagram_command(
    target: Target = None,
    *,
    filename: Manifests = None,
    objects: Objects = None,
    live: Live = False,
    namespace: Namespace = None,
    output: Svg = Path("loop.svg"),
    links: Links = "",
) -> None:
    """Draw the loop as one SVG: data, run, gates, version, server and every way back.

    State, numbers and times come from the objects' status; each box links to its report. The
    picture follows the reader's light or dark setting and needs nothing from outside.

    Exit codes: 0 drawn, 1 not readable, 64 wrong usage.
    """
    if live and (filename or objects):
        raise typer.BadParameter("use one of --live, --objects and -f")
    found = read_objects(filename, objects, namespace)
    wanted = select(found, target) if target else found
    title = target or _title(wanted)
    picture = compose(Scene(datetime.now(UTC), wanted, links=links), title)
    if not picture.loops:
        raise Refusal("NothingToDraw", "no Dataset, Pipeline or Model is there; apply one first")
    _write(draw(lay_out(picture)), output)


def _title(objects: tuple[TrimtabObject, ...]) -> str:
    names = sorted({item.metadata.namespace for item in objects} - {""})
    return f"Trimtab: {', '.join(names)}" if names else "Trimtab"


def _write(svg: str, output: Path) -> None:
    if str(output) == "-":
        sys.stdout.write(svg)
        return
    try:
        output.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise Refusal("UnwritableFile", f"{output} cannot be written: {error}") from error
    remarks().print(f"{output} is written; open it in a browser.")
