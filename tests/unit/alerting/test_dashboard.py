"""The dashboard as Grafana reads it."""

import json

from support.alerting import DASHBOARD, panels

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
