"""A fleet: DriftMonitors, each of a Model and a Pipeline of its own, all trained on one Dataset."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from support.monitor_writer import evaluate
from support.scenario import APPLIERS, NAME
from support.specs import dataset_spec
from support.tenant import Tenant, run_admin_port

WORSE = {"quality": "0.1"}


def names_of(count: int) -> list[str]:
    """Return the names of so many members."""
    return [f"m-{number:03d}" for number in range(count)]


def apply_fleet(tenant: Tenant, names: Sequence[str]) -> None:
    """Apply the objects; every member may act."""
    tenant.apply("Dataset", NAME, dataset_spec())

    def apply(name: str) -> None:
        tenant.apply("Pipeline", name, {"datasetRef": {"name": NAME}})
        tenant.apply("Model", name, {"pipelineRef": {"name": name}})
        tenant.apply("DriftMonitor", name, {"modelRef": {"name": name}, "mode": "Act"})

    with ThreadPoolExecutor(APPLIERS) as pool:
        list(pool.map(apply, names))


@contextmanager
def serving(tenant: Tenant, names: Sequence[str]) -> Iterator[None]:
    """Answer for every member's pods, so that their Models come to rest."""
    ports = [run_admin_port(tenant, name) for name in names]
    with ThreadPoolExecutor(APPLIERS) as pool:
        list(pool.map(lambda port: port.__enter__(), ports))
        try:
            yield
        finally:
            # Each takes half a second to notice.
            list(pool.map(lambda port: port.__exit__(None, None, None), ports))


def fleet_settings(settings: dict[str, Any], slots: int) -> dict[str, Any]:
    """Return settings with so many slots, and a Lease that a machine at its limit can renew."""
    lease = settings["lease"] | {"seconds": 30}
    return settings | {"retrain": {"maxConcurrent": slots}, "lease": lease}


def champions(tenant: Tenant) -> int:
    """Let the cluster act; return how many Models serve."""
    tenant.act()
    return sum("champion" in body.get("status", {}) for body in tenant.all("Model"))


def trip(tenant: Tenant, names: Sequence[str]) -> None:
    """Let the quality of every member fall at once."""
    with ThreadPoolExecutor(APPLIERS) as pool:
        list(pool.map(lambda name: evaluate(tenant, name, WORSE), names))


def outcomes(tenant: Tenant) -> Counter[str]:
    """Return how often each outcome was decided last."""
    found = [body.get("status", {}).get("decision") for body in tenant.all("DriftMonitor")]
    return Counter(f"{item['outcome']} {item['reason']}" for item in found if item)
