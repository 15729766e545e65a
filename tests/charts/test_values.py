"""The schema and the values say the same, and the schema refuses what is wrong."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.chart import CHART, RenderError, render

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def _properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, found in schema.get("properties", {}).items():
        where = f"{path}.{name}".lstrip(".")
        yield where, found
        yield from _properties(found, where)


def _paths(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in values.items():
        where = f"{path}.{name}".lstrip(".")
        yield where
        inner = schema["properties"].get(name, {})
        if isinstance(value, dict) and "properties" in inner:
            yield from _paths(value, inner, where)


def test_every_value_has_a_default_and_every_default_a_schema() -> None:
    optional = {"global"}
    described = {path for path, _ in _properties(SCHEMA) if path not in optional}
    # Requests and limits are open maps of quantities.
    described -= {path for path in described if path.endswith((".requests", ".limits"))}
    given = {path for path in _paths(VALUES, SCHEMA) if not path.endswith((".requests", ".limits"))}
    assert given == described


def test_every_setting_is_described() -> None:
    leaves = [(path, found) for path, found in _properties(SCHEMA) if "properties" not in found]
    silent = [
        path
        for path, found in leaves
        if not found.get("description") and not path.endswith((".requests", ".limits"))
    ]
    assert silent == []


def test_no_setting_is_a_surprise() -> None:
    open_objects = [
        path
        for path, found in _properties(SCHEMA)
        if "properties" in found and found.get("additionalProperties") is not False
    ]
    assert open_objects == []
    assert SCHEMA["additionalProperties"] is False
    assert "http" not in json.dumps([found.get("$ref") for _, found in _properties(SCHEMA)])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param("operatr.workers=3", "operatr", id="misspelt"),
        pytest.param("storage.embeded.enabled=true", "embeded", id="misspelt-below"),
        pytest.param("images.pullPolicy=Sometimes", "pullPolicy", id="enum"),
        pytest.param("operator.workers=0", "workers", id="too-small"),
        pytest.param("operator.workers=many", "workers", id="not-a-number"),
        pytest.param("storage.endpoint=s3.example.com", "endpoint", id="endpoint-without-scheme"),
        pytest.param("storage.auditBucket=Audit_Log", "auditBucket", id="bucket-name"),
        pytest.param("storage.embedded.size=lots", "size", id="quantity"),
        pytest.param("scope=everything", "scope", id="scope"),
        pytest.param("storage.tenants[0].name=demo", "tenants", id="tenant-field"),
        pytest.param("rbac.create=perhaps", "create", id="not-a-boolean"),
    ],
)
def test_wrong_values_are_refused_by_name(values: str, words: str) -> None:
    with pytest.raises(RenderError, match=words):
        render("--set", values)
