"""The installed chart and its tenants, once for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from demo.installation import empty, install
from support.datasets import bike_share
from support.kubectl import Kubectl

TENANTS = ["demo", "demo-b", "recovery", "faults", "storage-faults"]


@pytest.fixture(scope="session")
def installed() -> list[str]:
    """Install or upgrade the chart; return its tenant namespaces, emptied.

    What an earlier session left would also take the processors that this one's pods ask for.
    """
    install(TENANTS)
    for namespace in TENANTS:
        empty(namespace)
    return TENANTS


@pytest.fixture(scope="session")
def raw_bikes() -> bytes:
    """Return the bike-share file."""
    return bike_share()


@pytest.fixture
def faults(installed: list[str]) -> Iterator[Kubectl]:
    """Yield kubectl in the namespace for bad input, emptied afterwards."""
    assert "faults" in installed
    kubectl = Kubectl("faults")
    yield kubectl
    kubectl.run("delete", "trimtab", "--all", "--wait=false")
