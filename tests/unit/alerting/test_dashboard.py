"""The dashboard as Grafana reads it."""

import json
from typing import Any

import pytest

from support.alerting import DASHBOARD, filled, panels, queries, variables
from support.prometheus_server import has_number

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def test_it_can_be_imported_again_and_anywhere() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    assert dashboard["uid"] == "trimtab"
    assert dashboard["schemaVersion"] >= 39
    assert "id" not in dashboard
    first, *others = dashboard["templating"]["list"]
    assert (first["type"], first["name"]) == ("datasource", "datasource")
    assert [one["datasource"] for one in others] == [SOURCE] * len(others)


def test_every_panel_asks_the_chosen_source() -> None:
    for panel in panels():
        assert panel["datasource"] == SOURCE
        assert [one["datasource"] for one in panel["targets"]] == [SOURCE] * len(panel["targets"])
        assert panel["title"]
        assert panel["description"]


def test_panels_have_numbers_and_places_of_their_own() -> None:
    everything = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    places = [panel["gridPos"] for panel in everything]
    cells = [
        (row, column)
        for place in places
        for row in range(place["y"], place["y"] + place["h"])
        for column in range(place["x"], place["x"] + place["w"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(column for _, column in cells) < 24


def test_variables_are_filled_in_as_grafana_does() -> None:
    chosen = {"namespace": "demo", "model": "bikes"}

    assert variables().keys() == chosen.keys()
    assert filled(variables()["model"][0], chosen) == (
        'trimtab_object_ready{kind="Model", namespace=~"demo"}'
    )
    written = [query for panel in panels() for query in queries(panel)]
    assert {"$namespace", "$model"} <= {word for one in written for word in _variables(one)}
    assert not any("$" in filled(one, chosen) for one in written)


def _variables(expression: str) -> set[str]:
    return {name for name in ("$namespace", "$model") if name in expression}


def test_a_variable_of_which_nothing_is_chosen_is_an_error() -> None:
    with pytest.raises(KeyError, match="rate"):
        filled("sum(rate(x[$rate]))", {"namespace": "demo"})


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param(["0", "NaN"], True, id="a nought"),
        pytest.param(["NaN", "+Inf"], True, id="without an end"),
        pytest.param(["NaN", "NaN"], False, id="not a number throughout"),
        pytest.param([], False, id="without a value"),
    ],
)
def test_a_panel_shows_numbers(values: list[str], *, found: bool) -> None:
    series: dict[str, Any] = {"values": [[at, value] for at, value in enumerate(values)]}

    assert has_number(series) is found
