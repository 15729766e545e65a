"""Writes what the monitor process would write: evaluations, by its own field manager."""

from collections.abc import Sequence
from typing import Any

from support.apiserver import Object
from support.decisions import window
from support.tenant import Tenant
from trimtab_operator.api.base import API_VERSION

MANAGER = "trimtab-monitor"


def evaluate(tenant: Tenant, name: str, *windows: dict[str, Any], model: str = "") -> Object:
    """Write the evaluations of days 1, 2, ... against the Model's present champion.

    Args:
        tenant: namespace.
        name: of the DriftMonitor.
        *windows: values by signal: `{"quality": "0.1"}`; `version` overrides the champion.
        model: its Model, where that has another name.
    """
    champion = tenant.get("Model", model or name)["status"]["champion"]["digest"]
    found = [
        window(number, digest=values.get("version", champion), **_signals(values))
        for number, values in enumerate(windows, start=1)
    ]
    evaluations: Sequence[Object] = [item.to_wire() for item in found]
    newest = [reading | {"kind": KINDS[reading["name"]]} for reading in evaluations[-1]["signals"]]
    status = {
        "evaluatedThrough": evaluations[-1]["end"],
        "signals": newest,
        "evaluations": evaluations,
    }
    manifest = {
        "apiVersion": API_VERSION,
        "kind": "DriftMonitor",
        "metadata": {"name": name, "namespace": tenant.name},
        "status": status,
    }
    return tenant.server.apply(f"{tenant.path('DriftMonitor', name)}/status", manifest, MANAGER)


KINDS = {"faults": "DataFault", "inputs": "InputDrift", "quality": "RealisedQuality"}


def _signals(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in KINDS}
