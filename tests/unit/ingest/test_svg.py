import re

import pytest

from trimtab_stages.ingest.svg import HEIGHT, WIDTH, bars, line, share_bar


def numbers(attribute: str, picture: str) -> list[float]:
    return [float(found) for found in re.findall(rf"{attribute}='([0-9.]+)'", picture)]


def test_a_line_is_broken_where_values_are_missing() -> None:
    picture = line([1, 2, None, None, 3], "rate")
    assert picture.count("<path") == 2
    assert picture.count("<circle") == 3
    assert "<title>rate</title>" in picture


def test_points_stay_inside() -> None:
    picture = line([0, 5, 10], "x")
    assert max(numbers("cx", picture)) <= WIDTH
    assert 0 <= min(numbers("cy", picture)) <= max(numbers("cy", picture)) <= HEIGHT


@pytest.mark.parametrize("values", [[], [None, None], [0.0, 0.0], [7.0]], ids=str)
def test_lines_without_extent(values: list[float | None]) -> None:
    assert "nan" not in line(values, "x")


def test_histograms_are_normalised_each() -> None:
    picture = bars({"train": [10, 30], "test": [1, 3]}, "x")
    outline = numbers("height", bars({"train": [1, 3]}, "x"))
    assert numbers("height", picture) == outline
    assert [HEIGHT - float(y) for y in re.findall(r" V([0-9.]+) H", picture)] == outline
    assert bars({"train": [0, 0]}, "x").count("<rect") == 0


def test_shares_fill_the_bar() -> None:
    widths = numbers("width", share_bar({"kept": 3, "filtered": 1, "quarantined": 0}))
    assert widths == [225, 75, 0]
    assert share_bar({"kept": 0}).count("<rect") == 1


def test_names_cannot_break_out() -> None:
    assert "<script>" not in line([1.0], "<script>")
    assert "<script>" not in share_bar({"<script>": 1})
