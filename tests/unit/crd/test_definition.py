"""The generated CRDs hold to the API conventions, field by field."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml

from trimtab_operator.api.kinds import KINDS, Kind
from trimtab_operator.crd.definition import build_definition, build_schema
from trimtab_operator.crd.render import to_yaml

MAX_BYTES = 200 * 1024
schema_of, definition_of = cache(build_schema), cache(build_definition)
Field = tuple[str, dict[str, Any]]


def walk(schema: dict[str, Any], path: str = "") -> Iterator[Field]:
    """Yield every field of a schema with its path, elements of lists as `[]`."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from walk(child, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if key in schema:
            yield f"{path}{mark}", schema[key]
            yield from walk(schema[key], f"{path}{mark}")


BOUNDS = {
    "string": ("maxLength", "enum", "format"),
    "array": ("maxItems",),
    "integer": ("maximum", "format"),
    "boolean": ("type",),
    "object": ("properties", "maxProperties"),
}
by_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])


def fields(kind: Kind) -> list[Field]:
    """Return all fields of spec and status."""
    found = walk(schema_of(kind))
    return [(path, schema) for path, schema in found if path.startswith((".spec", ".status"))]


@by_kind
def test_every_field_is_described(kind: Kind) -> None:
    named = [(path, schema) for path, schema in fields(kind) if not path.endswith(("[]", ".*"))]

    assert [path for path, schema in named if not schema.get("description")] == []


@by_kind
def test_every_field_is_bounded(kind: Kind) -> None:
    unbounded = [
        path
        for path, schema in fields(kind)
        if not any(key in schema for key in BOUNDS[schema["type"]])
    ]

    assert unbounded == []


@by_kind
def test_every_list_says_how_it_is_merged(kind: Kind) -> None:
    lists = [(path, schema) for path, schema in fields(kind) if schema["type"] == "array"]

    assert [path for path, schema in lists if "x-kubernetes-list-type" not in schema] == []


@by_kind
def test_no_field_is_a_phase_and_durations_are_whole_seconds(kind: Kind) -> None:
    names = {path.rpartition(".")[2]: schema for path, schema in fields(kind)}

    assert "phase" not in names
    assert [name for name in names if name.endswith(("Minutes", "Hours", "Duration"))] == []
    seconds = [schema for name, schema in names.items() if name.endswith("Seconds")]
    assert all(schema["type"] == "integer" for schema in seconds)


@by_kind
def test_a_definition_fits_the_annotation_of_kubectl_apply(kind: Kind) -> None:
    assert len(to_yaml(definition_of(kind)).encode()) < MAX_BYTES


@by_kind
def test_names_and_subresources(kind: Kind) -> None:
    spec = definition_of(kind)["spec"]

    assert spec["names"]["categories"] == ["trimtab"]
    assert spec["names"]["shortNames"] == [kind.short_name]
    assert spec["versions"][0]["subresources"]["status"] == {}
    assert ("scale" in spec["versions"][0]["subresources"]) is (kind.kind == "Model")


@by_kind
def test_an_unseen_object_never_looks_ready(kind: Kind) -> None:
    default = schema_of(kind)["properties"]["status"]["default"]

    assert default["observedGeneration"] == -1
    assert [(item["type"], item["status"]) for item in default["conditions"]] == [
        (kind.summary, "Unknown")
    ]
    assert isinstance(kind.status_type.model_validate(default), kind.status_type)


@by_kind
def test_printer_columns_point_at_fields_that_exist(kind: Kind) -> None:
    fields = {path for path, _ in walk(schema_of(kind))} | {".metadata.creationTimestamp"}

    for column in kind.columns:
        assert column.path.partition("[")[0] in fields


@by_kind
def test_yaml_reads_back_as_it_was(kind: Kind) -> None:
    definition = definition_of(kind)

    assert yaml.load(to_yaml(definition), Loader=yaml.CSafeLoader) == definition
