"""Metadata of child objects: owner references and the frame that every child has."""

from typing import Any

from trimtab_operator.api.base import API_VERSION, ObjectMeta

Manifest = dict[str, Any]


def build_owner(kind: str, owner: ObjectMeta) -> Manifest:
    """Return a controlling owner reference: the child goes when its owner goes."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def build_metadata(name: str, labels: dict[str, str], kind: str, owner: ObjectMeta) -> Manifest:
    """Return the metadata of a child in its owner's namespace."""
    return {
        "name": name,
        "namespace": owner.namespace,
        "labels": labels,
        "ownerReferences": [build_owner(kind, owner)],
    }


def build_config_map(metadata: Manifest, data: dict[str, str], *, immutable: bool) -> Manifest:
    """Return a ConfigMap; an immutable one is never written again."""
    frozen: Manifest = {"immutable": True} if immutable else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data} | frozen
