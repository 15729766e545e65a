"""Reads Trimtab's objects from the cluster of the current kubeconfig context."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cluster.connection import connect
from trimtab_operator.cluster.resources import OWN_KINDS
from trimtab_operator.errors import NotAuthenticated, Refused, Retryable

FIELD_MANAGER = "trimtab-cli"
KUBECONFIG_HINT = "check `kubectl config current-context` and `kubectl auth whoami`"


def read_live(environment: Mapping[str, str], namespace: str | None) -> list[dict[str, Any]]:
    """Return all of Trimtab's objects in a namespace; the current context's where None.

    Raises:
        Refusal: the API server does not answer, or not to this user.
    """
    wanted = current_namespace(environment) if namespace is None else namespace
    try:
        return asyncio.run(_read(environment, wanted))
    except NotAuthenticated as error:
        raise Refusal("NotAuthenticated", f"{error}; {KUBECONFIG_HINT}") from error
    except Retryable as error:
        raise Refusal("ClusterUnreachable", f"{error}; {KUBECONFIG_HINT}") from error
    except Refused as error:
        hint = "is the chart installed, and may you list trimtab.dev objects?"
        raise Refusal("ClusterRefused", f"{error}; {hint}") from error


async def _read(environment: Mapping[str, str], namespace: str) -> list[dict[str, Any]]:
    async with connect(environment, FIELD_MANAGER, time.monotonic) as connection:
        found = []
        for resource in OWN_KINDS.values():
            bodies = await connection.cluster.list_objects(resource, namespace)
            found += [body | {"kind": resource.kind} for body in bodies]
        return found


def current_namespace(environment: Mapping[str, str]) -> str:
    """Return the namespace of the current kubeconfig context, `default` where it names none."""
    default = Path(environment.get("HOME", "/")) / ".kube" / "config"
    first = environment.get("KUBECONFIG", "").split(":")[0]
    try:
        config = yaml.safe_load(Path(first or default).read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):
        return "default"
    current = config.get("current-context")
    contexts = (item["context"] for item in config.get("contexts", []) if item["name"] == current)
    return next((str(item["namespace"]) for item in contexts if "namespace" in item), "default")
