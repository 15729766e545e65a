"""Each example, as it is, reaches the conditions that the README tells people to wait for."""

import csv
import hashlib
import io
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from demo.installation import ROOT, upload
from support.examples import EXAMPLES
from support.graphs import linear_scores
from support.kubectl import Kubectl
from support.waiting import wait_until

pytestmark = pytest.mark.e2e

README = (ROOT / "README.md").read_text()
WAITS = [shlex.split(line) for line in README.splitlines() if line.startswith("kubectl wait ")]
CGM = Path(__file__).parents[1] / "support" / "data" / "CGM.csv.gz"
RIDES = 10_000
LONGEST_SECONDS = 1900
"""Longer than the longest `--timeout` of the README, which is what should end a wait."""


def _rides(bikes: bytes) -> bytes:
    """Return the first rides under the names of the example `minimal`."""
    rows = csv.DictReader(io.StringIO(bikes.decode()))
    lines = [f"{row['ts']},{row['count']},{row['tmax']}" for row, _ in zip(rows, range(RIDES))]  # noqa: B905 - the first ones
    return "\n".join(["ts,riders,temperature", *lines]).encode()


def _onnx() -> bytes:
    return linear_scores(np.array([[1.0], [-1.0]], np.float32))


@dataclass(frozen=True)
class Example:
    """An example and what a user brings along.

    Attributes:
        name: name of its objects.
        key: key of the raw file.
        raw: makes the raw file, of the file of all bike rides.
        tenant: index of its namespace.
    """

    name: str
    key: str
    raw: Callable[[bytes], bytes]
    tenant: int = 1


CASES = {
    # In the namespace where the journey to a first answer then finds the trained model.
    "bikes": Example("bikes", "raw/bikes.csv", lambda bikes: bikes, tenant=0),
    "cgm": Example("cgm", "raw/cgm.csv.gz", lambda _: CGM.read_bytes()),
    "minimal": Example("rides", "raw/rides.csv", _rides),
    "own-onnx": Example("mine", "raw/model.onnx", lambda _: _onnx()),
}


@pytest.fixture
def tenants(installed: list[str]) -> Iterator[list[str]]:
    """Yield the namespaces; the second is emptied afterwards, for its processors."""
    yield installed
    objects = "trimtab"
    Kubectl(installed[1]).run("delete", objects, "--all", "--wait=true")


def test_every_example_is_applied() -> None:
    assert set(CASES) == {path.name for path in EXAMPLES.iterdir()}


def test_the_readme_waits_for_every_kind() -> None:
    kinds = {line[2].partition("/")[0] for line in WAITS}
    assert kinds == {"dataset", "pipelinerun", "model", "driftmonitor"}


@pytest.mark.parametrize("folder", CASES)
def test_an_example_reaches_its_conditions(
    tenants: list[str], raw_bikes: bytes, folder: str
) -> None:
    example = CASES[folder]
    kubectl = Kubectl(tenants[example.tenant])
    upload(kubectl.namespace, example.key, example.raw(raw_bikes))
    kinds = _apply(kubectl, folder)
    if "pipeline" in kinds:
        kinds.add("pipelinerun")
    for line in WAITS:
        if line[2].partition("/")[0] in kinds:
            _wait(kubectl, line, example.name)
    shown = kubectl.run("get", "trimtab", "-A")
    for kind in kinds:
        assert _is_shown(shown, kubectl.namespace, f"{kind}.trimtab.dev/{example.name}"), shown


def _apply(kubectl: Kubectl, folder: str) -> set[str]:
    """Apply an example's files, with the digest of this file of ONNX; return their kinds."""
    digest = hashlib.sha256(_onnx()).hexdigest()
    kinds = set()
    for path in sorted((EXAMPLES / folder).glob("*.yaml")):
        text = path.read_text().replace("0" * 64, digest)
        kubectl.apply(text)
        kinds.add(yaml.safe_load(text)["kind"].lower())
    return kinds


def _wait(kubectl: Kubectl, line: list[str], name: str) -> None:
    """Run a line of the README for other objects."""
    arguments = [part.replace("bikes", name) for part in line[1:]]
    if arguments[1] == "pipelinerun":
        # kubectl does not wait for objects that are not there yet.
        wait_until(lambda: kubectl.get(*arguments[1:4])["items"], 120, interval=0.5)
    kubectl.run(*arguments, timeout=LONGEST_SECONDS)


def _is_shown(table: str, namespace: str, name: str) -> bool:
    rows = [line.split() for line in table.splitlines()]
    return any(
        len(row) > 1 and row[0] == namespace and (row[1] == name or row[1].startswith(f"{name}-"))
        for row in rows
    )
