"""What people chose: defaults are not part of it, whoever wrote them."""

from typing import Any

import pytest

from support.worlds import dataset, pipeline
from trimtab_operator.domain.essence import essence


def test_a_recipe_of_defaults_is_empty() -> None:
    assert essence(pipeline().spec.recipe()) == {}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"training": {"epochs": 60}}, {}, id="a default that is written out"),
        pytest.param({"model": {"dropout": "0.0"}}, {}, id="a default in other digits"),
        pytest.param(
            {"training": {"epochs": 5}}, {"training": {"epochs": 5}}, id="a choice inside"
        ),
        pytest.param(
            {"model": {"dropout": "0.10"}}, {"model": {"dropout": "0.1"}}, id="a decimal, shortest"
        ),
        pytest.param({"gates": []}, {"gates": []}, id="no gates in place of the default ones"),
        pytest.param(
            {"levers": [{"name": "pca", "op": "Project", "components": 2}]},
            {"levers": [{"name": "pca", "op": "Project", "components": 2}]},
            id="a list of objects",
        ),
    ],
)
def test_choices(spec: dict[str, Any], expected: dict[str, Any]) -> None:
    assert essence(pipeline(**spec).spec.recipe()) == expected


def test_required_fields_always_count() -> None:
    assert essence(dataset().spec.source) == {"uri": "raw/bikes.csv"}


def test_times_are_text() -> None:
    time = {"column": "stamp", "start": "2024-01-01T00:00:00Z"}

    assert essence(dataset(time=time).spec.time)["start"] == "2024-01-01 00:00:00+00:00"
