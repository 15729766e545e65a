"""Reads Trimtab's objects from the cluster of the current kubeconfig context."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.connection import connect
from trimtab_operator.cluster.resources import OWN_KINDS
from trimtab_operator.errors import Conflict, NotAuthenticated, Refused, Retryable

FIELD_MANAGER = "trimtab-cli"
MOST_CONFLICTS = 10
Answer = TypeVar("Answer")
KUBECONFIG_HINT = "check `kubectl config current-context` and `kubectl auth whoami`"


def read_live(environment: Mapping[str, str], namespace: str | None) -> list[dict[str, Any]]:
    """Return all of Trimtab's objects in a namespace; the current context's where None.

    Raises:
        Refusal: the API server does not answer, or not to this user.
    """
    wanted = current_namespace(environment) if namespace is None else namespace

    async def read(cluster: Cluster) -> list[dict[str, Any]]:
        return [
            body | {"kind": resource.kind}
            for resource in OWN_KINDS.values()
            for body in await cluster.list_objects(resource, wanted)
        ]

    return ask(environment, read)


def ask(environment: Mapping[str, str], question: Callable[[Cluster], Awaitable[Answer]]) -> Answer:
    """Return the cluster's answer to some calls.

    Raises:
        Refusal: the API server does not answer, or not to this user.
    """
    try:
        return asyncio.run(_asked(environment, question))
    except NotAuthenticated as error:
        raise Refusal("NotAuthenticated", f"{error}; {KUBECONFIG_HINT}") from error
    except Retryable as error:
        raise Refusal("ClusterUnreachable", f"{error}; {KUBECONFIG_HINT}") from error
    except Refused as error:
        hint = "is the chart installed, and may you work with trimtab.dev objects?"
        raise Refusal("ClusterRefused", f"{error}; {hint}") from error


async def _asked(
    environment: Mapping[str, str], question: Callable[[Cluster], Awaitable[Answer]]
) -> Answer:
    async with connect(environment, FIELD_MANAGER, time.monotonic) as connection:
        return await asked_anew(lambda: question(connection.cluster))


async def asked_anew(question: Callable[[], Awaitable[Answer]]) -> Answer:
    """Return the answer to a question that reads, decides and writes.

    Where an object changed between the read and the write, which a busy operator's status often
    does, it is read and decided anew.

    Raises:
        Conflict: it changed every time.
    """
    for _ in range(MOST_CONFLICTS):
        with contextlib.suppress(Conflict):
            return await question()
    return await question()


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
