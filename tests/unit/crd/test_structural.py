"""From JSON schema to structural schema, case by case."""

from typing import Annotated

import pytest
from pydantic import Field

from trimtab_operator.crd.schema import annotated_schema
from trimtab_operator.crd.structural import NotStructural, Schema, to_structural
from trimtab_stages.contract.base import DecimalString, StrictModel


class Inner(StrictModel):
    """An inner object."""

    size: Annotated[int, Field(ge=1, le=5)] = 2
    """A size."""


class Named(StrictModel):
    """An element with a name."""

    name: Annotated[str, Field(max_length=8)]
    """A name."""


class Outer(StrictModel):
    """An outer object."""

    inner: Inner = Field(default_factory=Inner)
    """An inner object, described
    over two lines."""
    other: Inner | None = None
    """An optional object."""
    share: DecimalString = Field(default="0.5", validate_default=True)
    """A share."""
    named: Annotated[list[Named], Field(max_length=3)] = Field(default_factory=list)
    """A list by name."""
    plain: Annotated[list[int], Field(max_length=3)] = Field(default_factory=lambda: [1])
    """A plain list."""
    free: Annotated[dict[str, Annotated[str, Field(max_length=3)]], Field(max_length=2)] = Field(
        default_factory=dict
    )
    """A map."""


class Floating(StrictModel):
    """An object with a float."""

    value: float
    """A float."""


class United(StrictModel):
    """An object with a union."""

    value: int | str
    """A union."""


class Endless(StrictModel):
    """An object that contains itself."""

    more: "Endless | None" = None
    """More."""


@pytest.fixture(name="properties")
def _properties() -> Schema:
    found: Schema = to_structural(annotated_schema(Outer))["properties"]
    return found


def test_an_object_that_equals_its_defaults_is_an_empty_default(properties: Schema) -> None:
    assert properties["inner"]["default"] == {}
    assert properties["inner"]["properties"]["size"]["default"] == 2


def test_a_fields_own_description_wins_and_is_one_line(properties: Schema) -> None:
    assert properties["inner"]["description"] == "An inner object, described over two lines."


def test_an_optional_field_is_absent_not_null(properties: Schema) -> None:
    assert "default" not in properties["other"]
    assert "nullable" not in properties["other"]
    assert properties["other"]["type"] == "object"


def test_a_decimal_is_a_string(properties: Schema) -> None:
    share = properties["share"]

    assert (share["type"], share["default"]) == ("string", "0.5")


def test_a_list_of_named_things_is_a_map_by_name(properties: Schema) -> None:
    assert properties["named"]["x-kubernetes-list-type"] == "map"
    assert properties["named"]["x-kubernetes-list-map-keys"] == ["name"]
    assert properties["plain"]["x-kubernetes-list-type"] == "atomic"


def test_a_map_has_typed_values(properties: Schema) -> None:
    assert properties["free"]["additionalProperties"] == {"type": "string", "maxLength": 3}


def test_integers_have_a_width(properties: Schema) -> None:
    assert properties["plain"]["items"]["format"] == "int64"


def test_nothing_structural_forbids_is_left(properties: Schema) -> None:
    text = str(properties)

    assert all(
        word not in text for word in ("$ref", "anyOf", "'title'", "'additionalProperties': False")
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param(Floating, ".value has type number", id="a float"),
        pytest.param(United, ".value is a union", id="a union"),
    ],
)
def test_what_a_crd_cannot_hold_is_refused(model: type[StrictModel], message: str) -> None:
    with pytest.raises(NotStructural, match=message):
        to_structural(annotated_schema(model))


def test_an_endless_object_is_refused() -> None:
    with pytest.raises(NotStructural, match="refers to itself"):
        to_structural(annotated_schema(Endless))
