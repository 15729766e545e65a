"""Takes parts of the cluster away, as crashes and outages do."""

import os
import signal
from collections.abc import Callable

from demo.tenant import SYSTEM_NAMESPACE
from localcluster import processes
from localcluster.settings import from_environment
from support.kubectl import Kubectl
from support.waiting import TimedOutError, wait_until
from trimtab_operator.manifests import labels

STORE_SECONDS, API_SECONDS = 60, 20


def pods_in_phase(kubectl: Kubectl, selector: str, phase: str = "Running") -> list[str]:
    """Return the names of pods."""
    pods = kubectl.get("pods", "-l", selector)["items"]
    return [pod["metadata"]["name"] for pod in pods if pod["status"].get("phase") == phase]


def kill_pods(kubectl: Kubectl, selector: str) -> None:
    """Delete pods without a last word."""
    kubectl.run("delete", "pods", "-l", selector, "--grace-period=0", "--force")


def take_store_away() -> None:
    """Stop the embedded store for a minute, and see that it really is gone all the time."""
    system = Kubectl(SYSTEM_NAMESPACE)
    system.run("scale", "statefulset/trimtab-s3", "--replicas=0")
    system.run("wait", "pod/trimtab-s3-0", "--for=delete", "--timeout=60s")
    never(lambda: pods_in_phase(system, f"{labels.COMPONENT}=s3"), STORE_SECONDS)
    system.run("scale", "statefulset/trimtab-s3", "--replicas=1")


def freeze_api_server() -> None:
    """Let the embedded API server answer nobody for 20 seconds."""
    record = processes.running(from_environment(os.environ), "kube-apiserver")
    assert record is not None, "kube-apiserver runs"
    pid = record.identity.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        never(lambda: not processes.is_alive(record.identity), API_SECONDS)
    finally:
        os.kill(pid, signal.SIGCONT)


def never(probe: Callable[[], object], seconds: float) -> None:
    """See that something does not come true for a while."""
    try:
        wait_until(lambda: bool(probe()), seconds, interval=1)
    except TimedOutError:
        return
    raise AssertionError("it came true")
