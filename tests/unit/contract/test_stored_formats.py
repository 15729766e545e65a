"""Every stored format: golden bytes, round trip, unknown fields, newer versions."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from support.contract_samples import GOLDEN, PANE, STORED, pretty
from trimtab_stages.contract.base import NewerSchemaError, StoredModel
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.contract.pane import CompactedPanes

NAMES = sorted(STORED)


def paths_of_objects(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the paths of all JSON objects that are models, not free maps."""
    found = []
    if isinstance(value, dict):
        found.append(path)
        for key, inner in value.items():
            found += paths_of_objects(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += paths_of_objects(inner, (*path, index))
    return found


FREE_MAPS = {"numbers", "outputs", "numeric", "categorical", "decisions", "counts", "site"}


def is_model(path: tuple[str | int, ...]) -> bool:
    """Return whether a JSON object at this path has a fixed set of fields."""
    return not path or path[-1] not in FREE_MAPS


@pytest.mark.parametrize("name", NAMES)
def test_wire_form_is_the_golden_one(name: str) -> None:
    golden = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert pretty(STORED[name]) == golden, "the stored format changed; see support.contract_samples"


@pytest.mark.parametrize("name", NAMES)
def test_golden_file_is_read(name: str) -> None:
    golden = (GOLDEN / f"{name}.json").read_bytes()
    assert type(STORED[name]).from_bytes(golden) == STORED[name]


@pytest.mark.parametrize("name", NAMES)
def test_bytes_round_trip(name: str) -> None:
    data = STORED[name].to_bytes()
    again = type(STORED[name]).from_bytes(data)
    assert again == STORED[name]
    assert again.to_bytes() == data


@pytest.mark.parametrize("count", [0, 1, 3])
def test_merged_panes_have_the_same_bytes_pane_by_pane(count: int) -> None:
    panes = [PANE] * count
    assert CompactedPanes.join(panes) == CompactedPanes(panes=panes).to_bytes()


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(STORED)


def test_every_stored_model_has_a_sample() -> None:
    def below(model: type[StoredModel]) -> set[type[StoredModel]]:
        return {model}.union(*(below(inner) for inner in model.__subclasses__()))

    contract = {
        model
        for model in below(StoredModel) - {StoredModel}
        if model.__module__.startswith("trimtab_stages.contract.")
    }
    assert contract == {type(sample) for sample in STORED.values()}


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_are_refused_at_every_depth(name: str) -> None:
    wire = STORED[name].to_wire()
    for path in filter(is_model, paths_of_objects(wire)):
        spoiled = json.loads(json.dumps(wire))
        inner = spoiled
        for part in path:
            inner = inner[part]
        inner["surprise"] = 1
        with pytest.raises(ValidationError, match="surprise"):
            type(STORED[name]).from_bytes(json.dumps(spoiled).encode())


@pytest.mark.parametrize("name", NAMES)
def test_newer_version_says_what_to_do(name: str) -> None:
    wire = STORED[name].to_wire() | {"schemaVersion": 2, "surprise": 1}
    with pytest.raises(NewerSchemaError) as caught:
        type(STORED[name]).from_bytes(json.dumps(wire).encode())
    message = str(caught.value)
    assert type(STORED[name]).__name__ in message
    assert "schemaVersion 2" in message
    assert "reads up to 1" in message
    assert "upgrade this component" in message


@pytest.mark.parametrize("name", NAMES)
def test_samples_cannot_be_changed(name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        STORED[name].schema_version = 5  # type: ignore[misc]  # what is tested


def test_a_report_from_before_silent_processes_were_named_is_read() -> None:
    old = json.loads((GOLDEN / "evaluation.json").read_bytes())
    del old["silent"]
    assert Evaluation.from_bytes(json.dumps(old).encode()).silent == []
