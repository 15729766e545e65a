"""The chart, the raw file and the manifests, as a user would bring them."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from demo.tenant import SYSTEM_NAMESPACE, tenant_store
from support.kubectl import Kubectl
from trimtab_operator.api.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "trimtab"
DELETERS = 10
"""Threads that empty a bucket: each key is a request of its own through a forwarded port."""


def images_and_storage(environment: Mapping[str, str]) -> list[str]:
    """Return helm's arguments for where images and volumes come from.

    A cluster that `KUBE_CONTEXT` and `IMAGE_REGISTRY` name pulls what `make images` pushed, anew
    each time, and gives the store a volume of its own default class.
    """
    arguments = ["-f", str(CHART / "values-local.yaml")]
    registry = environment.get("IMAGE_REGISTRY", "").strip().rstrip("/")
    if registry:
        arguments += ["--set", f"images.registry={registry},images.pullPolicy=Always"]
        arguments += ["--set", "storage.embedded.storageClass="]
    return arguments


def install(namespaces: list[str], *values: str) -> None:
    """Install or upgrade the chart with the given tenant namespaces.

    Args:
        namespaces: of tenants.
        *values: settings as `--set` takes them.
    """
    tenants = []
    for index, namespace in enumerate(namespaces):
        tenants += ["--set", f"storage.tenants[{index}].namespace={namespace}"]
        tenants += ["--set", f"storage.tenants[{index}].createNamespace=true"]
    Kubectl(SYSTEM_NAMESPACE).helm(
        "upgrade",
        "--install",
        "trimtab",
        str(CHART),
        "--create-namespace",
        *images_and_storage(os.environ),
        *tenants,
        *(part for value in values for part in ("--set", value)),
        "--wait",
        "--timeout",
        "5m",
    )


def upload(namespace: str, key: str, data: bytes) -> None:
    """Put a raw file into the namespace's bucket, unless it is there.

    A refused upload would end the forwarded port: kubectl takes the reset for a lost pod.
    """
    with tenant_store(namespace) as store:
        if not store.exists(key):
            store.put_if_absent(key, data)


def empty(namespace: str) -> None:
    """Delete every object of Trimtab in the namespace and every key of its bucket."""
    kubectl = Kubectl(namespace)
    # By their names: kubectl keeps what a category holds, and may not know new kinds by it yet.
    kubectl.run("delete", ",".join(kind.plural for kind in KINDS), "--all", "--wait=true")
    # Also those of a test that was broken off, which belong to nobody.
    kubectl.run("delete", "pods", "--all", "--wait=false")
    kubectl.run("wait", "pods", "--all", "--for=delete", "--timeout=120s", timeout=150)
    with tenant_store(namespace) as store:
        keys = [entry.key for entry in store.list()]
        with ThreadPoolExecutor(DELETERS) as pool:
            list(pool.map(store.delete, keys))
