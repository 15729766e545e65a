"""Takes parts of the cluster away, as crashes and outages do."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from demo.tenant import SYSTEM_NAMESPACE
from localcluster import processes
from localcluster.settings import from_environment
from support.kubectl import Kubectl
from support.pod_processes import processes_of, standing_still
from support.running_pods import of_component, pods
from support.waiting import TimedOutError, wait_until

STORE_SECONDS, API_SECONDS = 60, 20
START_SECONDS, GONE_SECONDS = 60, 60


def pods_in_phase(kubectl: Kubectl, selector: str, phase: str = "Running") -> list[str]:
    """Return the names of pods."""
    found = kubectl.get("pods", "-l", selector)["items"]
    return [pod["metadata"]["name"] for pod in found if pod["status"].get("phase") == phase]


def kill_component(component: str) -> None:
    """Kill the pods of a part of the release, once it has one again that runs."""
    system, selector = Kubectl(SYSTEM_NAMESPACE), of_component(component)
    _wait_until_running(system, selector)
    kill_pods(system, selector)


def kill_pods(kubectl: Kubectl, selector: str) -> None:
    """Kill the pods that run without a last word, and see that they were at work and are gone.

    A deletion, also a forced one, lets processes hear SIGTERM and live on for a second. Those of
    the embedded cluster are killed on this machine before; elsewhere the deletion has to do.

    Raises:
        AssertionError: no pod was running, or one that was is still there.
    """
    struck = _running(kubectl, selector)
    assert struck, f"no pod of {selector} runs: nothing was struck"
    if "KUBE_CONTEXT" not in os.environ:
        for pod in struck:
            _kill_processes(pod)
    _delete(kubectl, selector, struck)


def _wait_until_running(kubectl: Kubectl, selector: str) -> None:
    wait_until(lambda: _running(kubectl, selector), START_SECONDS, what=f"a pod of {selector}")


def _running(kubectl: Kubectl, selector: str) -> list[dict[str, Any]]:
    found = pods(kubectl, selector)
    return [pod for pod in found if pod["status"].get("phase") == "Running"]


def _kill_processes(pod: dict[str, Any]) -> None:
    found = processes_of(pod)
    assert found.work, f"pod {pod['metadata']['name']} has no process at work on this machine"
    found.kill()


def _delete(kubectl: Kubectl, selector: str, struck: list[dict[str, Any]]) -> None:
    names = [pod["metadata"]["name"] for pod in struck]
    force = ("--grace-period=0", "--force", "--wait=false", "--ignore-not-found")
    kubectl.run("delete", "pods", *names, *force)
    gone = {pod["metadata"]["uid"] for pod in struck}
    wait_until(lambda: gone.isdisjoint(_uids(kubectl, selector)), GONE_SECONDS, what=f"no {names}")


def _uids(kubectl: Kubectl, selector: str) -> set[str]:
    """Return the pods that are there or still going."""
    return {pod["metadata"]["uid"] for pod in kubectl.get("pods", "-l", selector)["items"]}


@contextmanager
def store_away() -> Iterator[None]:
    """Take the embedded store away, before the block, and bring it back a minute after that.

    It is seen that it really is gone all the time.
    """
    system, selector = Kubectl(SYSTEM_NAMESPACE), of_component("s3")
    _wait_until_running(system, selector)
    try:
        system.run("scale", "statefulset/trimtab-s3", "--replicas=0")
        system.run("wait", "pod/trimtab-s3-0", "--for=delete", "--timeout=60s")
        yield
        never(lambda: pods_in_phase(system, selector), STORE_SECONDS)
    finally:
        system.run("scale", "statefulset/trimtab-s3", "--replicas=1")


@contextmanager
def api_server_frozen() -> Iterator[None]:
    """Let the embedded API server answer nobody from before the block until 20 seconds after it."""
    record = processes.running(from_environment(os.environ), "kube-apiserver")
    assert record is not None, "kube-apiserver runs"
    pid = record.identity.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
        never(lambda: not processes.is_alive(record.identity), API_SECONDS)
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def component_standing_still(component: str) -> Iterator[Callable[[], None]]:
    """Stop the pods of a part of the embedded release until the end, or until the call of this."""
    system, selector = Kubectl(SYSTEM_NAMESPACE), of_component(component)
    # It may have been struck a moment ago.
    _wait_until_running(system, selector)
    found = _running(system, selector)
    with ExitStack() as stack:
        ways = [stack.enter_context(standing_still(pod["metadata"]["uid"])) for pod in found]

        def go_on() -> None:
            for way in ways:
                way()

        yield go_on


def never(probe: Callable[[], object], seconds: float) -> None:
    """See that something does not come true for a while."""
    try:
        wait_until(lambda: bool(probe()), seconds, interval=1)
    except TimedOutError:
        return
    raise AssertionError("it came true")
