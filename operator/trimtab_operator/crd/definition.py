"""A whole CustomResourceDefinition from a `Kind`."""

from typing import Any

from trimtab_operator.api.base import GROUP, VERSION
from trimtab_operator.api.cel import NAME
from trimtab_operator.api.kinds import Column, Kind
from trimtab_operator.crd.schema import CEL_KEY, annotated_schema
from trimtab_operator.crd.structural import Schema, to_structural

EPOCH = "1970-01-01T00:00:00Z"
CATEGORY = "trimtab"


def build_definition(kind: Kind) -> Schema:
    """Return the CustomResourceDefinition of a kind."""
    singular = kind.kind.lower()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": singular,
                "shortNames": [kind.short_name],
                "categories": [CATEGORY],
            },
            "versions": [_build_version(kind)],
        },
    }


def _build_version(kind: Kind) -> Schema:
    subresources: dict[str, Any] = {"status": {}}
    if kind.scale:
        subresources["scale"] = dict(kind.scale)
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [_build_column(column) for column in kind.columns],
        "schema": {"openAPIV3Schema": build_schema(kind)},
        "subresources": subresources,
    }


def build_schema(kind: Kind) -> Schema:
    """Return the structural schema of a kind, status default included."""
    status = to_structural(annotated_schema(kind.status_type))
    return {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": f"Always {GROUP}/{VERSION}.", "type": "string"},
            "kind": {"description": f"Always {kind.kind}.", "type": "string"},
            "metadata": {"type": "object"},
            "spec": to_structural(annotated_schema(kind.spec_type)),
            "status": status | {"default": _build_unseen_status(kind)},
        },
        CEL_KEY: [NAME.to_wire()],
    }


def _build_unseen_status(kind: Kind) -> Schema:
    """Return the status of an object that the operator has not seen: it never looks ready."""
    return {
        "observedGeneration": -1,
        "conditions": [
            {
                "type": kind.summary,
                "status": "Unknown",
                "reason": "Pending",
                "message": "Waiting for controller",
                "lastTransitionTime": EPOCH,
            }
        ],
    }


def _build_column(column: Column) -> Schema:
    built = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return built | ({"priority": column.priority} if column.priority else {})
