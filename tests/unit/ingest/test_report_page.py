"""The report is one well-formed page that loads nothing."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.ingesting import csv_text, ingest, iso, make_rules
from trimtab_stages.ingest.report_page import render_page

VOID = {"meta", "br", "rect", "circle", "path", "line"}


class Balance(HTMLParser):
    """Fails at the first tag that is closed in another order than it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {name for name, _ in attrs} & {"src", "href", "onload", "onclick"}
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    columns = [
        {"name": "x", "role": "Source", "unit": "m/s"},
        {"name": "c", "type": "Category"},
        {"name": "z"},
    ]
    rules = make_rules(
        columns=columns,
        missing=[{"columns": ["z"], "strategy": "TrainMedian"}],
        target={"name": "fast", "column": "x", "kind": "Above", "threshold": "0"},
    )
    rows = [f"{iso(n)},{(-1) ** n * n},{'uv'[n % 2 == 0]},{n if n % 5 else ''}" for n in range(80)]
    folder: Path = tmp_path_factory.mktemp("page")
    made = ingest(folder, {"d.csv": csv_text("ts,x,c,z", rows)}, rules)
    return render_page(made.figures())


def test_tags_are_balanced_and_nothing_is_loaded(page: str) -> None:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.seen.count("svg") >= 5
    assert "script" not in parser.seen


def test_it_shows_units_missing_values_and_categories(page: str) -> None:
    assert "x_lag1 [m/s]" in page
    assert "z: at most" in page
    assert "c: " in page
    assert "80 rows came in" in page
