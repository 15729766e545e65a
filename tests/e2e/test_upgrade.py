"""A new release of the operator under traffic: nobody who asks or trains notices it.

It takes turns with the kills in `make test`; `make test-recovery` runs it every time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import tritonclient.http as triton

from demo.installation import empty, install, upload
from demo.own_onnx import KEY, NAME, doubles, serve
from demo.tenant import SYSTEM_NAMESPACE
from support.asking_pod import asking as pod_asking
from support.asking_pod import failures
from support.graphs import doubling
from support.kubectl import Kubectl
from support.running_pods import of_component, of_model, restarts
from support.small_pipeline import apply_small_pipeline, has_checkpoint
from support.waiting import wait_until
from trimtab_operator.manifests.names import server

pytestmark = [pytest.mark.e2e, pytest.mark.recovery, pytest.mark.rotating]

SECONDS = 300
NEW_TEMPLATES = [f"{part}.podAnnotations.release=second" for part in ("operator", "monitor")]
NEW_SERVER_TEMPLATE = "images.pullPolicy=IfNotPresent"
BODY = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}'
MORE = 100
"""So many further answers show that the new pods answer."""


@dataclass
class Asked:
    """What a client saw that asks again and again, and tries nothing twice."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def asking(kubectl: Kubectl) -> Iterator[Asked]:
    """Ask one request after another until the end of the block."""
    asked, stop = Asked(), threading.Event()

    def ask(address: str) -> None:
        with triton.InferenceServerClient(address) as client:
            while not stop.is_set():
                try:
                    right = doubles(client)
                except (triton.InferenceServerException, OSError) as error:
                    asked.failed.append(str(error))
                else:
                    asked.answered += right
                    asked.failed += [] if right else ["another answer"]

    with kubectl.forward(f"svc/{server(NAME)}", 8080) as address:
        thread = threading.Thread(target=ask, args=(address,))
        thread.start()
        try:
            yield asked
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def served(installed: list[str]) -> Iterator[Kubectl]:
    kubectl = Kubectl(installed[1])
    upload(kubectl.namespace, KEY, doubling())
    serve(kubectl, SECONDS)
    yield kubectl
    kubectl.run("delete", "models", "--all", "--wait=false")


@pytest.fixture
def training(installed: list[str], raw_bikes: bytes) -> Iterator[Kubectl]:
    kubectl = Kubectl(installed[2])
    apply_small_pipeline(kubectl, raw_bikes)
    wait_until(lambda: has_checkpoint(kubectl), SECONDS, interval=0.2, what="a checkpoint")
    yield kubectl
    empty(kubectl.namespace)


def test_an_upgrade_disturbs_neither_requests_nor_a_run(
    installed: list[str], served: Kubectl, training: Kubectl
) -> None:
    system = Kubectl(SYSTEM_NAMESPACE)
    operators = restarts(system, of_component("operator"))
    servers = restarts(served, of_model(NAME))
    trained_by = restarts(training, of_component("train"))
    with asking(served) as asked:
        wait_until(lambda: asked.answered > 0, 30, what="a first answer")
        install(installed, *NEW_TEMPLATES)
        before = asked.answered
        wait_until(lambda: asked.answered > before, 30, what="an answer after the upgrade")
    assert asked.failed == []
    assert set(restarts(system, of_component("operator"))).isdisjoint(operators)
    assert restarts(served, of_model(NAME)) == servers
    training.run("wait", "pipelinerun", "--all", "--for=condition=Complete", "--timeout=120s")
    assert restarts(training, of_component("train")) == trained_by
    assert len(training.get("pipelineruns")["items"]) == 1
    install(installed)


def test_a_changed_server_template_replaces_the_pods_without_a_failed_request(
    installed: list[str], served: Kubectl
) -> None:
    before = restarts(served, of_model(NAME))
    with pod_asking(served, NAME, BODY) as told:
        install(installed, NEW_SERVER_TEMPLATE)
        wait_until(lambda: _are_others(served, set(before)), SECONDS, interval=0.5, what="new pods")
        answered = sum(told().values())
        wait_until(lambda: sum(told().values()) >= answered + MORE, SECONDS, interval=0.5)
        assert failures(told()) == {}
    served.wait(f"model/{NAME}", "Ready", SECONDS)
    install(installed)


def _are_others(kubectl: Kubectl, before: set[str]) -> bool:
    """Return whether all pods that are there, or still going, are others."""
    items = kubectl.get("pods", "-l", of_model(NAME))["items"]
    return bool(items) and before.isdisjoint(item["metadata"]["uid"] for item in items)
