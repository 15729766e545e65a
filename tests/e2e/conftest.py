"""The installed chart and its tenants, once for all end-to-end tests."""

from collections.abc import Iterator

import pytest

from demo.installation import empty, install
from support.datasets import bike_share
from support.kubectl import Kubectl

TENANTS = ["demo", "demo-b", "recovery", "faults", "storage-faults"]


@pytest.fixture(scope="session")
def installed() -> Iterator[list[str]]:
    """Install or upgrade the chart; yield its tenant namespaces, emptied before and afterwards.

    What is left would take the processors that the pods of others ask for.
    """
    install(TENANTS)
    for namespace in TENANTS:
        empty(namespace)
    yield TENANTS
    for namespace in TENANTS:
        empty(namespace)


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
