"""From JSON schema to the structural schema that Kubernetes accepts.

References are inlined, titles dropped, optional fields are absent rather than null, every list has
a list type, and what Kubernetes cannot hold (floats, unions) is refused.
"""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

DROPPED = frozenset({"title", "additionalProperties", "$defs", "$ref", "allOf", "anyOf", "const"})
INT64 = {"format": "int64"}


class NotStructural(Exception):  # noqa: N818 - reads as the fault that it is
    """A model uses a type that a CustomResourceDefinition cannot hold."""


def to_structural(schema: Mapping[str, Any]) -> Schema:
    """Return the structural form of a model's JSON schema.

    Raises:
        NotStructural: a field is a float, a union, or a reference to itself.
    """
    return _convert(schema, schema.get("$defs", {}), "")


def _convert(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    merged = _inline(node, definitions, path)
    result = {key: value for key, value in merged.items() if key not in DROPPED}
    if "const" in merged:
        result["enum"] = [merged["const"]]
    if "description" in result:
        result["description"] = " ".join(str(result["description"]).split())
    if result.get("default", ...) is None:
        del result["default"]
    match result.get("type"):
        case "object":
            result |= _convert_object(merged, definitions, path)
        case "array":
            result |= _convert_array(merged, definitions, path)
        case "integer":
            result |= INT64
        case "string" | "boolean":
            pass
        case other:
            raise NotStructural(f"{path or 'the model'} has type {other}")
    return _ordered(result)


def _inline(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    """Return a node with its reference, its single `allOf` and its null arm resolved."""
    arms = [arm for arm in node.get("anyOf", node.get("allOf", [])) if arm.get("type") != "null"]
    if len(arms) > 1:
        raise NotStructural(f"{path} is a union")
    own = {key: value for key, value in node.items() if key not in {"anyOf", "allOf", "$ref"}}
    if arms:
        return _inline(arms[0], definitions, path) | own
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        if f"<{name}>" in path:
            raise NotStructural(f"{path} refers to itself")
        return _inline(definitions[name], definitions, path) | own
    return own


def _convert_object(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    if "properties" in node:
        return {
            "properties": {
                name: _convert(value, definitions, f"{path}.{name}")
                for name, value in node["properties"].items()
            }
        }
    values = node.get("additionalProperties")
    if not isinstance(values, Mapping):
        raise NotStructural(f"{path} is an object of unknown shape")
    return {"additionalProperties": _convert(values, definitions, f"{path}.*")}


def _convert_array(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str) -> Schema:
    items = _convert(node["items"], definitions, f"{path}[]")
    named = "name" in items.get("required", [])
    map_by_name = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    kind = map_by_name if named else {"x-kubernetes-list-type": "atomic"}
    declared = {key: node[key] for key in map_by_name if key in node}
    return {"items": items} | (declared or kind)


def _ordered(schema: Schema) -> Schema:
    """Return the keywords in the order in which people read them."""
    first = ("description", "type", "default", "enum", "required", "properties", "items")
    head = {key: schema[key] for key in first if key in schema}
    return head | {key: value for key, value in sorted(schema.items()) if key not in head}
