"""The chart as helm renders it, without any cluster."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from support.folders import find_program

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "trimtab"
NAMESPACE = "trimtab-system"

Manifest = dict[str, Any]

EXTERNAL = ("--set", "storage.endpoint=https://s3.example.com,storage.credentialsSecret=mine")
LOCAL = ("-f", str(CHART / "values-local.yaml"))
OBSERVED = (
    "metrics.serviceMonitor.enabled=true,metrics.rules.enabled=true,metrics.dashboards.enabled=true"
)
VALUES: dict[str, tuple[str, ...]] = {
    "defaults": (),
    "local": LOCAL,
    "external": EXTERNAL,
    "namespaces": (*EXTERNAL, "--set", "scope=namespaces,namespaces={a,b}"),
    "policies": (*LOCAL, "--set", "networkPolicies.enabled=true"),
    "observed": (*LOCAL, "--set", OBSERVED),
}
"""Ways to install that tests go through."""


class RenderError(Exception):
    """helm refused; the message is its own."""


@dataclass(frozen=True)
class Rendered:
    """What one way of installing creates, hooks included."""

    manifests: list[Manifest]

    def of_kind(self, kind: str) -> list[Manifest]:
        """Return the objects of a kind."""
        return [item for item in self.manifests if item["kind"] == kind]

    def one(self, kind: str, name: str) -> Manifest:
        """Return the object of that kind and name; the first, where several namespaces have it."""
        return next(item for item in self.of_kind(kind) if item["metadata"]["name"] == name)

    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """Yield a label and the pod (metadata and spec) of everything that starts pods."""
        for item in self.manifests:
            pod = _pod_of(item)
            if pod is not None:
                yield f"{item['kind']}/{item['metadata']['name']}", pod


@cache
def render(*arguments: str) -> Rendered:
    """Return what `helm template` prints; the same arguments are rendered once. Do not change it.

    Raises:
        RenderError: helm refused.
    """
    place = ["--namespace", NAMESPACE]
    command = [find_program("helm"), "template", "trimtab", str(CHART), *place, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RenderError(done.stderr)
    return Rendered([item for item in yaml.safe_load_all(done.stdout) if item])


def _pod_of(item: Manifest) -> Manifest | None:
    if item["kind"] == "Pod":
        return item
    template: Manifest | None = item.get("spec", {}).get("template")
    return template
