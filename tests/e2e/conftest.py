"""The installed chart and its tenants, once for all end-to-end tests; which of the kills is run."""

import subprocess
from collections.abc import Iterator

import pytest

from demo.installation import empty, install
from support.datasets import bike_share
from support.kubectl import Kubectl

TENANTS = ["demo", "demo-b", "recovery", "faults", "storage-faults"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep one of the tests that take turns, another one with every commit; or all of them.

    Last, so that whoever chooses one with `-k` or by its id gets that one.
    """
    resting = _resting(items, everything=bool(config.getoption("--all-kills")))
    config.hook.pytest_deselected(items=resting)
    items[:] = [item for item in items if item not in resting]


def _resting(items: list[pytest.Item], *, everything: bool) -> list[pytest.Item]:
    turns = {item: item.get_closest_marker("rotating") for item in items}
    if everything:
        return [item for item, turn in turns.items() if turn and turn.kwargs.get("alone")]
    cases = [item for item, turn in turns.items() if turn]
    if not cases:
        return []
    whole = [item for item in items if item.get_closest_marker("whole")]
    return [*whole, *(item for item in cases if item is not cases[_commit() % len(cases)])]


def _commit() -> int:
    """Return a number that every commit changes."""
    command = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(head[:8], 16)


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
