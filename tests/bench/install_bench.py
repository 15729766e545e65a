"""`helm install` to a first answer: `make bench-install`.

In the cluster, beside the release that is there: a second one is installed in namespaces of its
own, and a Model of an ONNX file serves there. So the CRDs are there already, as the images are on
the node: applying them is no part of the time. Meanwhile the first operator, which watches every
namespace, stands still; nothing is left behind.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from demo.installation import install
from demo.own_onnx import KEY, ask_own, serve
from demo.second_release import TENANT, install_second, remove_second, second_store, tenant_secret
from demo.tenant import SYSTEM_NAMESPACE
from support.bars import Bar, say, show
from support.graphs import doubling
from support.kubectl import Kubectl

LONGEST_SECONDS = 300
READY_SECONDS = 300
OPERATOR = "deployment/trimtab-operator"


def main() -> int:
    """Print the steps and the bar; returns 1 when it is missed."""
    if not Kubectl(SYSTEM_NAMESPACE).run("get", OPERATOR, "--ignore-not-found"):
        say("installing the first release, which brings the CRDs")
        install(["demo"])
    remove_second()
    with first_operator_stopped():
        try:
            seconds = measure()
        finally:
            remove_second()
    return show([Bar("install-to-first-answer-seconds", seconds, LONGEST_SECONDS)])


def measure() -> float:
    """Return the seconds from `helm install` to a right answer."""
    began = time.monotonic()
    install_second()
    say(f"installed after {time.monotonic() - began:.0f} s")
    with second_store(tenant_secret()) as store:
        store.put_if_absent(KEY, doubling())
    tenant = Kubectl(TENANT)
    serve(tenant, READY_SECONDS)
    say(f"Model ready after {time.monotonic() - began:.0f} s")
    if not ask_own(tenant):
        raise ValueError("the Model answered wrongly: it does not double its input")
    return time.monotonic() - began


@contextmanager
def first_operator_stopped() -> Iterator[None]:
    """Let only the second release's operator act on its namespace."""
    kubectl = Kubectl(SYSTEM_NAMESPACE)
    kubectl.run("scale", OPERATOR, "--replicas=0")
    try:
        pods = ["pods", "-l", "app.kubernetes.io/component=operator"]
        kubectl.run("wait", *pods, "--for=delete", "--timeout=60s")
        yield
    finally:
        kubectl.run("scale", OPERATOR, "--replicas=1")
        kubectl.run("rollout", "status", OPERATOR, "--timeout=100s")


if __name__ == "__main__":
    sys.exit(main())
