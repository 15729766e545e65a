"""`trimtab status`: the loop as text."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trimtab_operator.cli.commands.diagram import Manifests, Namespace, Objects, Target
from trimtab_operator.cli.commands.validate import Output
from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.picture import Box, Item, Loop, State
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.selection import select
from trimtab_operator.cli.exits import CommandEnd, ExitCode, Refusal
from trimtab_operator.cli.reading import read_objects
from trimtab_operator.cli.terminal import OutputFormat, results, show_json

MARKS = {
    State.GOOD: ("✓", "green"),
    State.ACTIVE: ("●", "blue"),
    State.WAITING: ("…", "dim"),
    State.ATTENTION: ("!", "yellow"),
    State.BAD: ("✗", "bold red"),
    State.PAUSED: ("‖", "magenta"),
    State.DECLARED: ("·", "dim"),
}
NEEDS_WORDS = frozenset({State.ATTENTION, State.BAD})
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 where a station has failed, for scripts.")
]


def status_command(
    target: Target = None,
    *,
    filename: Manifests = None,
    objects: Objects = None,
    namespace: Namespace = None,
    output: Output = OutputFormat.TEXT,
    strict: Strict = False,
) -> None:
    """Show the loop as text: every station with its state, and what is wrong.

    Exit codes: 0 shown, 1 not readable (or, with --strict, a station has failed), 64 wrong usage.
    """
    found = read_objects(filename, objects, namespace)
    wanted = select(found, target) if target else found
    loops = compose(Scene(datetime.now(UTC), wanted), "").loops
    if not loops:
        raise Refusal("NothingToDraw", "no Dataset, Pipeline or Model is there; apply one first")
    if output is OutputFormat.JSON:
        show_json([_as_json(loop) for loop in loops])
    else:
        for loop in loops:
            results().print(_as_text(loop))
    if strict and any(box.state is State.BAD for loop in loops for box in loop.boxes.values()):
        raise CommandEnd(ExitCode.ERROR)


def _as_text(loop: Loop) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for box in loop.boxes.values():
        _add(table, box)
    return Group(Text(f"\n{loop.title}  ", "bold").append(loop.sentence, "dim"), table)


def _add(table: Table, box: Box) -> None:
    mark, style = MARKS[box.state]
    facts = ", ".join(f"{fact.label.strip()} {fact.value}" for fact in box.facts)
    table.add_row(
        Text(mark, style),
        Text(box.kind, "dim"),
        Text(box.title, "bold"),
        Text(box.word, style),
        facts,
    )
    if box.state in NEEDS_WORDS and box.message:
        table.add_row("", "", "", "", Text(box.message, style))
    for item in box.items:
        table.add_row("", "", *_item(item))


def _item(item: Item) -> tuple[Text, Text, str]:
    mark, style = MARKS[item.state]
    return Text(f"{mark} {item.name}", style), Text(item.value, style), item.detail


def _as_json(loop: Loop) -> dict[str, object]:
    return {
        "loop": loop.title,
        "sentence": loop.sentence,
        "stations": [
            {
                "station": place.value,
                "title": box.title,
                "state": box.state.value,
                "reason": box.word,
                "message": box.message,
                "facts": {fact.label.strip(): fact.value for fact in box.facts},
                "items": [
                    {"name": item.name, "state": item.state.value, "detail": item.detail}
                    for item in box.items
                ],
            }
            for place, box in loop.boxes.items()
        ],
    }
