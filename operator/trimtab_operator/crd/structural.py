"""From JSON schema to the structural schema that Kubernetes accepts.

References are inlined, titles dropped, optional fields are absent rather than null, every list has
a list type, and what Kubernetes cannot hold (floats, unions) is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Schema = dict[str, Any]

CAME_FROM = "$from"
"""Keyword of our own while converting: the reference that a node was inlined from."""
DROPPED = frozenset({"title", "additionalProperties", "$defs", "const", CAME_FROM})
INT64 = {"format": "int64"}


class NotStructural(Exception):  # noqa: N818 - reads as the fault that it is
    """A model uses a type that a CustomResourceDefinition cannot hold."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a schema a node stands, and what its references mean.

    Attributes:
        path: field path, for messages.
        definitions: schemas by reference name.
        open: references that contain this node.
    """

    path: str
    definitions: Mapping[str, Any]
    open: frozenset[str] = frozenset()

    def below(self, part: str, node: Mapping[str, Any]) -> "_Place":
        """Return the place of a child of a node."""
        return replace(self, path=self.path + part, open=self.open | set(node.get(CAME_FROM, ())))


def to_structural(schema: Mapping[str, Any]) -> Schema:
    """Return the structural form of a model's JSON schema.

    Raises:
        NotStructural: a field is a float, a union, or a reference to itself.
    """
    return _convert(schema, _Place("", schema.get("$defs", {})))


def _convert(node: Mapping[str, Any], place: _Place) -> Schema:
    merged = _inline(node, place)
    result = {key: value for key, value in merged.items() if key not in DROPPED}
    if "const" in merged:
        result["enum"] = [merged["const"]]
    if "description" in result:
        result["description"] = " ".join(str(result["description"]).split())
    if result.get("default", ...) is None:
        del result["default"]
    match result.get("type"):
        case "object":
            result |= _convert_object(merged, place)
        case "array":
            result |= _convert_array(merged, place)
        case "integer":
            result |= INT64
        case "string" | "boolean":
            pass
        case other:
            raise NotStructural(f"{place.path or 'the model'} has type {other}")
    return _ordered(result)


def _inline(node: Mapping[str, Any], place: _Place) -> Schema:
    """Return a node with its reference, its single `allOf` and its null arm resolved."""
    arms = [arm for arm in node.get("anyOf", node.get("allOf", [])) if arm.get("type") != "null"]
    if len(arms) > 1:
        raise NotStructural(f"{place.path} is a union")
    own = {key: value for key, value in node.items() if key not in {"anyOf", "allOf", "$ref"}}
    if arms:
        return _inline(arms[0], place) | own
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        if name in place.open:
            raise NotStructural(f"{place.path} refers to itself")
        return _inline(place.definitions[name], place) | {CAME_FROM: [name]} | own
    return own


def _convert_object(node: Mapping[str, Any], place: _Place) -> Schema:
    if "properties" in node:
        children = node["properties"].items()
        return {
            "properties": {
                name: _convert(child, place.below(f".{name}", node)) for name, child in children
            }
        }
    values = node.get("additionalProperties")
    if not isinstance(values, Mapping):
        raise NotStructural(f"{place.path} is an object of unknown shape")
    return {"additionalProperties": _convert(values, place.below(".*", node))}


def _convert_array(node: Mapping[str, Any], place: _Place) -> Schema:
    items = _convert(node["items"], place.below("[]", node))
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
