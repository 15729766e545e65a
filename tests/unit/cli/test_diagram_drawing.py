"""Picture to SVG: nothing overlaps, everything is on the page, nothing comes from outside."""

import json
from datetime import UTC, datetime
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cli_objects import (
    CHAMPION,
    MANIFESTS,
    SNAPSHOT,
    dataset,
    model,
    pipeline,
    run,
    run_cli,
)
from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.layout import Page, Rect, lay_out
from trimtab_operator.cli.diagram.picture import Arrow, Box, Fact, Item, Loop, Picture, Place, State
from trimtab_operator.cli.diagram.scene import Scene, parse_objects
from trimtab_operator.cli.diagram.svg import draw
from trimtab_operator.cli.diagram.text_width import fitted, width_of, wrapped

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
NOW = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
HOSTILE = "<script>\"&'</script>"

BOXES = st.builds(
    Box,
    kind=st.just("Run"),
    title=st.text(max_size=70),
    state=st.sampled_from(State),
    word=st.text(max_size=30),
    facts=st.lists(st.builds(Fact, st.text(max_size=30), st.text(max_size=80)), max_size=6).map(
        tuple
    ),
    items=st.lists(
        st.builds(
            Item,
            st.sampled_from(State),
            st.text(max_size=40),
            detail=st.text(max_size=300),
            progress=st.none() | st.floats(0, 1),
        ),
        max_size=5,
    ).map(tuple),
)
ARROWS = tuple(Arrow(one, two) for one, two in pairwise(Place))
PICTURES = st.lists(st.fixed_dictionaries(dict.fromkeys(Place, BOXES)), min_size=1, max_size=3).map(
    lambda loops: Picture(
        "title", "now", tuple(Loop("loop", "sentence", boxes, ARROWS) for boxes in loops)
    )
)


def page(*bodies: dict[str, Any], **scene: Any) -> Page:
    return lay_out(compose(Scene(NOW, parse_objects(bodies), **scene), "Trimtab: wind"))


FULL = (
    dataset(snapshot=SNAPSHOT),
    pipeline(),
    run(progress={"stage": "train", "done": 3, "of": 12, "message": HOSTILE}),
    model(champion=CHAMPION),
)


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own document


def overlap(one: Rect, two: Rect) -> bool:
    return one.x < two.right and two.x < one.right and one.y < two.bottom and two.y < one.bottom


@settings(max_examples=20)
@given(PICTURES)
def test_boxes_never_overlap_nor_leave_the_page(picture: Picture) -> None:
    drawn = lay_out(picture)
    rects = [rect for lane in drawn.lanes for rect, _ in lane.boxes]
    assert not any(overlap(one, two) for one, two in combinations(rects, 2))
    for lane in drawn.lanes:
        for rect, _ in lane.boxes:
            assert lane.rect.x <= rect.x
            assert lane.rect.y <= rect.y
            assert rect.right <= lane.rect.right
            assert rect.bottom <= lane.rect.bottom <= drawn.height


@settings(max_examples=20)
@given(PICTURES)
def test_any_text_gives_well_formed_xml(picture: Picture) -> None:
    parse(draw(lay_out(picture)))


def test_arrows_touch_their_boxes_with_right_angles() -> None:
    (lane,) = page(*FULL).lanes
    at = {box.kind: rect for rect, box in lane.boxes}
    assert len(at) == len(Place)

    def touches(rect: Rect, point: tuple[float, float]) -> bool:
        x, y = point
        inside = rect.x <= x <= rect.right and rect.y <= y <= rect.bottom
        return inside and (x in {rect.x, rect.right} or y in {rect.y, rect.bottom})

    kinds = dict(zip(Place, list(lane.loop.boxes.values()), strict=True))
    for route in lane.routes:
        assert touches(at[kinds[route.arrow.source].kind], route.points[0])
        assert touches(at[kinds[route.arrow.target].kind], route.points[-1])
        for (x1, y1), (x2, y2) in zip(route.points, route.points[1:], strict=False):
            assert x1 == x2 or y1 == y2


def test_nothing_is_fetched_and_nothing_is_run() -> None:
    svg = draw(page(*FULL, links="https://reports/"))
    root = parse(svg)
    names = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert names <= {"svg", "title", "desc", "style", "rect", "text", "path", "polygon", "g", "a"}
    assert "url(" not in svg
    assert "@import" not in svg
    links = {element.get(XLINK) for element in root.iter(f"{SVG}a")}
    assert links == {
        "https://reports/snapshots/bikes/a/manifest.json",
        "https://reports/blobs/bb/bb",
    }


def test_texts_are_escaped_and_states_have_words() -> None:
    root = parse(draw(page(*FULL)))
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert HOSTILE in words
    assert {"hourly" in str(word) for word in words} == {False}
    assert {"Running", "Champion", "Committed", "23 / 60", "3 / 12"} & words >= {
        "Running",
        "Champion",
        "Committed",
        "3 / 12",
    }
    assert {"fine", "at work", "waiting", "failed", "suspended"} <= words


def test_light_and_dark_define_the_same_colours() -> None:
    style = next(parse(draw(page(*FULL))).iter(f"{SVG}style")).text or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    names = {part.split(":")[0] for part in light.split("--")[1:]}
    assert names == {
        part.split(":")[0] for part in dark.split(".figure")[0].split("--")[1:] if ":" in part
    }
    assert {state.value for state in State} <= names


@given(st.text(max_size=60), st.floats(8, 30), st.floats(20, 400))
def test_fitted_text_is_never_wider_than_its_room(text: str, size: float, room: float) -> None:
    assert width_of(fitted(text, size, room), size) <= max(room, width_of("…", size))


@given(st.text("ab cde", max_size=80), st.integers(1, 4))
def test_wrapped_text_keeps_its_words(text: str, lines: int) -> None:
    done = wrapped(text, 10, 60, lines)
    assert len(done) <= lines
    if not any("…" in line for line in done):
        assert " ".join(done).split() == text.split()


def test_a_name_that_is_cut_keeps_its_end() -> None:
    cut = fitted("hourly-high-demand-1f3a9c", 15, 150, tail=7)
    assert cut.endswith("…-1f3a9c")


def test_command_draws_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest, output = tmp_path / "loop.yaml", tmp_path / "loop.svg"
    manifest.write_text(MANIFESTS)
    assert run_cli("diagram", "-f", str(manifest), "-o", str(output)) == 0
    assert "is written" in capsys.readouterr().err
    root = parse(output.read_text())
    assert "Declared" in {element.text for element in root.iter(f"{SVG}text")}


def test_command_draws_what_kubectl_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = tmp_path / "objects.json"
    objects.write_text(json.dumps({"kind": "List", "items": list(FULL)}))
    assert run_cli("diagram", "model/demand", "--objects", str(objects), "-o", "-") == 0
    assert "demand-1f3a9c" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1", "no JSON of kubectl"), ('{"items": []}', "NothingToDraw"), ("{}", "NothingToDraw")],
)
def test_command_refuses_other_input(
    tmp_path: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = tmp_path / "objects.json"
    objects.write_text(text)
    assert run_cli("diagram", "--objects", str(objects), "-o", str(tmp_path / "x.svg")) == 1
    assert words in capsys.readouterr().err
