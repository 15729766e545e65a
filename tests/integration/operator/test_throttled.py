"""A throttling API server (priority and fairness, 429) is waited for, and not for ever."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from support.apiserver import ACCOUNT, SYSTEM, ApiServer
from support.tenant import Tenant
from support.waiting import wait_until
from trimtab_operator.cluster.connection import connect
from trimtab_operator.cluster.patience import patient
from trimtab_operator.cluster.resources import DATASETS
from trimtab_operator.errors import Retryable

pytestmark = pytest.mark.integration
SECONDS = 30.0
FLOWS = "/apis/flowcontrol.apiserver.k8s.io/v1"
NAME = "no-datasets"
LEVEL: dict[str, Any] = {
    "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
    "kind": "PriorityLevelConfiguration",
    "metadata": {"name": NAME},
    "spec": {
        "type": "Limited",
        "limited": {
            "nominalConcurrencyShares": 0,
            "lendablePercent": 0,
            "borrowingLimitPercent": 0,
            "limitResponse": {"type": "Reject"},
        },
    },
}


def schema(namespace: str) -> dict[str, Any]:
    """Return what sends the operator's requests about Datasets of a namespace to that level."""
    rule = {
        "subjects": [
            {"kind": "ServiceAccount", "serviceAccount": {"name": ACCOUNT, "namespace": SYSTEM}}
        ],
        "resourceRules": [
            {
                "verbs": ["*"],
                "apiGroups": ["trimtab.dev"],
                "resources": ["datasets", "datasets/status"],
                "namespaces": [namespace],
            }
        ],
    }
    return {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": {"name": NAME},
        "spec": {
            "priorityLevelConfiguration": {"name": NAME},
            "matchingPrecedence": 2,
            "rules": [rule],
        },
    }


@contextmanager
def throttled(server: ApiServer, tenant: Tenant) -> Iterator[Callable[[], None]]:
    """Answer 429 to the operator, until the end or until what is yielded is called.

    A level without seats lets one request in all the same. One that never sends its body stays in.
    """
    level, flow = f"{FLOWS}/prioritylevelconfigurations/{NAME}", f"{FLOWS}/flowschemas/{NAME}"
    server.apply(level, LEVEL)
    server.apply(flow, schema(tenant.name))
    with ExitStack() as stack:
        stack.callback(server.request, "DELETE", level)
        stack.callback(server.request, "DELETE", flow)
        hold = partial(stay_in, stack, server, tenant)
        yield wait_until(hold, SECONDS, what="the operator is throttled")


def stay_in(stack: ExitStack, server: ApiServer, tenant: Tenant) -> Callable[[], None] | None:
    """Take the only place, and return what gives it back; None where others are let in yet."""
    login = yaml.safe_load(server.operator_kubeconfig().read_text())
    context = ssl.create_default_context(cafile=str(server.certificate_authority))
    connection = HTTPSConnection(urlsplit(server.url).netloc, context=context)
    stack.callback(connection.close)
    connection.putrequest("PATCH", f"{tenant.path('Dataset', NAME)}/status?fieldManager=test")
    connection.putheader("Authorization", f"Bearer {login['users'][0]['user']['token']}")
    connection.putheader("Content-Type", "application/apply-patch+yaml")
    connection.putheader("Content-Length", "1000")
    connection.endheaders()
    if is_refused(server, tenant):
        return connection.close
    connection.close()
    return None


async def read(server: ApiServer, tenant: Tenant) -> int:
    environment = {"KUBECONFIG": str(server.operator_kubeconfig())}
    async with connect(environment, "trimtab-operator", lambda: 0.0) as connection:
        return len(await connection.cluster.list_objects(DATASETS, tenant.name))


def is_refused(server: ApiServer, tenant: Tenant) -> bool:
    try:
        asyncio.run(read(server, tenant))
    except Retryable as error:
        return "429" in str(error)
    return False


def test_a_request_is_sent_again_when_the_server_asks_for_patience(
    api_server: ApiServer, tenant: Tenant
) -> None:
    async def read_meanwhile(give_way: Callable[[], None]) -> int:
        with patient(SECONDS) as patience:
            reading = asyncio.create_task(read(api_server, tenant))
            waits = partial(wait_until, lambda: patience.left < SECONDS, SECONDS, what="it waits")
            await asyncio.to_thread(waits)
            await asyncio.to_thread(give_way)
            return await reading

    with throttled(api_server, tenant) as give_way:
        assert asyncio.run(read_meanwhile(give_way)) == 0


def test_when_patience_is_spent_the_request_has_failed(
    api_server: ApiServer, tenant: Tenant
) -> None:
    async def read_patiently() -> float:
        with patient(2.0) as patience:
            with pytest.raises(Retryable, match="429") as caught:
                await read(api_server, tenant)
            assert caught.value.retry_after is not None
            return patience.left

    with throttled(api_server, tenant):
        assert asyncio.run(read_patiently()) < 1.0
