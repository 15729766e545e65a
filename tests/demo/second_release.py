"""A second release beside the first, in namespaces of its own.

The CRDs are there already, brought by the first one; this one neither installs nor removes them.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from demo.installation import CHART, images_and_storage
from support.forwarded_store import forwarded_store
from support.kubectl import Kubectl
from trimtab_stages.store import Store

NAME, SYSTEM, TENANT = "second", "second-system", "second-tenant"
VALUES = {
    "crds.enabled": False,
    "nameOverride": NAME,
    "scope": "namespaces",
    "namespaces": [TENANT],
    "rbac.aggregate": False,
    "storage.tenants": [{"namespace": TENANT, "createNamespace": True}],
}
DELETION_SECONDS = 300


def chart_arguments() -> list[str]:
    """Return helm's arguments for the chart and its values."""
    values = [f"{name}={json.dumps(value)}" for name, value in VALUES.items()]
    chosen = [part for value in values for part in ("--set-json", value)]
    return [str(CHART), *images_and_storage(os.environ), *chosen]


def install_second() -> Kubectl:
    """Install or upgrade the release; return kubectl in its own namespace."""
    kubectl = Kubectl(SYSTEM)
    wait = ["--create-namespace", "--wait", "--timeout", "5m"]
    kubectl.helm("upgrade", "--install", NAME, *chart_arguments(), *wait)
    return kubectl


def remove_second() -> None:
    """Delete what there is of the release, its namespaces and volumes, until all of it is gone."""
    here = Kubectl(SYSTEM)
    here.helm("uninstall", NAME, "--ignore-not-found")
    gone = ["--ignore-not-found", "--wait=true", f"--timeout={DELETION_SECONDS}s"]
    here.run("delete", "namespace", SYSTEM, TENANT, *gone, timeout=DELETION_SECONDS + 30)


def tenant_secret() -> dict[str, str]:
    """Return the data of the tenant's storage Secret, base64."""
    data: dict[str, str] = Kubectl(TENANT).get("secret/trimtab-storage")["data"]
    return data


@contextmanager
def second_store(secret: dict[str, str]) -> Iterator[Store]:
    """Yield the tenant's bucket, reached with the given credentials."""
    with forwarded_store(Kubectl(SYSTEM), f"{NAME}-s3", secret) as store:
        yield store
