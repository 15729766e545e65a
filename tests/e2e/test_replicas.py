"""Three pods behind one Service while versions change: no request fails, none takes a pod away."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from onnx import TensorProto

from demo.installation import upload
from demo.latency import PLAN_SECONDS
from demo.own_onnx import own_model
from support.asking_pod import Answers, asking_undisturbed
from support.graphs import doubling, identity, nested_functions
from support.kubectl import Kubectl
from support.plan_followers import admin_addresses, plan_of, states
from support.promised import KNOWABLE_SECONDS
from support.waiting import wait_until
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import ServerState
from trimtab_stages.serve.plan.version import short_name

pytestmark = [pytest.mark.e2e, pytest.mark.recovery, pytest.mark.rotating]

NAME, REPLICAS, SECONDS = "replicated", 3, 180
FIRST, SECOND = doubling(), identity(TensorProto.FLOAT, ["n", 2])
KILLER = nested_functions(6000)
BODY = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}'
ANSWERS = {
    FIRST: f"{short_name(digest_of_bytes(FIRST))} [2.0, 4.0]",
    SECOND: f"{short_name(digest_of_bytes(SECOND))} [1.0, 2.0]",
}
MORE = 100
"""So many further answers show who answers now."""


def model_of(graph: bytes) -> dict[str, Any]:
    digest = digest_of_bytes(graph)
    body = own_model(NAME, digest, _key(digest))
    body["spec"]["serving"] |= {"replicas": REPLICAS}
    return body


def _key(digest: str) -> str:
    return f"raw/{short_name(digest)}.onnx"


@pytest.fixture(scope="module")
def kubectl(installed: list[str]) -> Iterator[Kubectl]:
    """Yield kubectl where three pods serve the first version."""
    kubectl = Kubectl(installed[1])
    for graph in (FIRST, SECOND, KILLER):
        upload(kubectl.namespace, _key(digest_of_bytes(graph)), graph)
    kubectl.apply(model_of(FIRST))
    kubectl.wait(f"model/{NAME}", "Ready", SECONDS)
    yield kubectl
    kubectl.run("delete", f"model/{NAME}", "--wait=false")


@pytest.fixture
def admin_ports(kubectl: Kubectl) -> Iterator[list[str]]:
    """Yield the addresses where the three pods say which plan they follow."""
    with admin_addresses(kubectl, NAME) as addresses:
        assert len(addresses) == REPLICAS
        yield addresses


def change(kubectl: Kubectl, admin_ports: list[str], graph: bytes) -> None:
    """Name another file in the Model; its plan must reach all pods within the promised time."""
    digest = digest_of_bytes(graph)
    kubectl.apply(model_of(graph))

    def named() -> bool:
        known = [[one.digest for one in state.versions] for state in states(admin_ports)]
        return known == [[digest]] * REPLICAS

    wait_until(named, SECONDS, interval=0.2, what="all pods know the new plan")
    reached = datetime.now(UTC)
    version = wait_until(lambda: _champion(kubectl, digest), SECONDS, what="the new champion")
    assert (reached - datetime.fromisoformat(version["since"])).total_seconds() < PLAN_SECONDS


def _champion(kubectl: Kubectl, digest: str) -> dict[str, Any] | None:
    found: dict[str, Any] = kubectl.get(f"model/{NAME}")["status"]["champion"]
    return found if found["digest"] == digest else None


def wait_until_followed(kubectl: Kubectl, admin_ports: list[str]) -> None:
    """Wait until all pods confirm the plan, and the Model says so."""
    revision = plan_of(kubectl, NAME).revision

    def followed() -> bool:
        return {state.revision for state in states(admin_ports)} == {revision}

    wait_until(followed, SECONDS, interval=0.5, what="all pods follow the new plan")
    status = f"model/{NAME}"
    wait_until(lambda: kubectl.condition(status, "Ready").get("status") == "True", SECONDS)
    assert kubectl.get(status)["status"]["planRevision"] == revision


def wait_for_more(told: Callable[[], Answers], graph: bytes) -> None:
    """Wait until a version has answered further requests."""
    before = told().get(ANSWERS[graph], 0)
    wait_until(lambda: told().get(ANSWERS[graph], 0) >= before + MORE, SECONDS, interval=0.5)


def test_no_request_fails_while_a_version_comes_and_goes(
    kubectl: Kubectl, admin_ports: list[str]
) -> None:
    with asking_undisturbed(kubectl, NAME, BODY) as told:
        wait_for_more(told, FIRST)
        for graph in (SECOND, FIRST):
            change(kubectl, admin_ports, graph)
            wait_until_followed(kubectl, admin_ports)
            wait_for_more(told, graph)
        assert set(told()) == set(ANSWERS.values())


def test_a_file_that_crashes_its_loader_takes_no_pod_away(
    kubectl: Kubectl, admin_ports: list[str]
) -> None:
    with asking_undisturbed(kubectl, NAME, BODY) as told:
        change(kubectl, admin_ports, KILLER)
        wait_until(lambda: all(map(_has_crashed, states(admin_ports))), KNOWABLE_SECONDS)
        ready = wait_until(lambda: _refused(kubectl), SECONDS, what="the Model says so")
        assert "was killed by SIGSEGV" in ready["message"]
        wait_for_more(told, FIRST)
        change(kubectl, admin_ports, FIRST)
        wait_until_followed(kubectl, admin_ports)
        assert set(told()) == {ANSWERS[FIRST]}


def _has_crashed(state: ServerState) -> bool:
    return [one.reason for one in state.versions] == [ServingReason.CRASHED_ON_LOAD]


def _refused(kubectl: Kubectl) -> dict[str, Any] | None:
    ready = kubectl.condition(f"model/{NAME}", "Ready")
    return ready if ready.get("reason") == ServingReason.CRASHED_ON_LOAD else None
