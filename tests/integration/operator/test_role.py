"""The Role holds what the operator needs, and nothing else."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from support.apiserver import ApiServer
from support.operator_process import OperatorProcess
from support.scenario import NAME, apply_all, finished_runs, request_run, serves
from support.specs import changed, dataset_spec
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until
from trimtab_operator.cluster.connection import connect
from trimtab_operator.cluster.events import EventWriter, Subject
from trimtab_operator.cluster.resources import RBAC
from trimtab_operator.domain.plan import Emit, EventType

pytestmark = pytest.mark.integration
SECONDS = 40.0
CREATED_BY_APPLY = {"deployments", "services", "poddisruptionbudgets"}
"""A server-side apply that creates needs `create` as well, but the log shows `patch` alone."""

READS_EVENTS = ("events.k8s.io", "events", "list")
KUBERAY = "ray.io"
"""Not installed here; test_rayjob.py uses these."""


def test_the_role_is_exactly_what_is_used(
    tenant: Tenant, api_server: ApiServer, operator: OperatorProcess
) -> None:
    apply_all(tenant)
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": NAME}})
    job = wait_until(tenant.jobs, SECONDS, what="the ingest starts")[0]
    tenant.add_pod(job, "waits", {"phase": "Pending"})
    wait_until(lambda: READS_EVENTS in used(api_server), SECONDS, what="why it waits is looked up")
    with run_admin_port(tenant, NAME) as admin:
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        edited = changed(dataset_spec(), "target.threshold", "50")
        tenant.apply("Dataset", NAME, edited)
        wait_until(lambda: serves(tenant, 2), SECONDS, what="the second version serves")
        admin.lag = True
        request_run(tenant, "third")
        wait_until(lambda: finished_runs(tenant, "third"), SECONDS, what="the third run ends")
        wait_until(lambda: was_nudged(tenant), SECONDS, what="the pod is nudged")
    asyncio.run(say_twice(api_server, tenant))
    called = used(api_server) - {("authentication.k8s.io", "selfsubjectreviews", "create")}
    granted = {(rule.group, rule.resource, verb) for rule in RBAC for verb in rule.verbs}
    unused = {
        (group, resource, verb)
        for group, resource, verb in granted - called
        if not (verb == "create" and resource in CREATED_BY_APPLY) and group != KUBERAY
    }
    assert called - granted == set()
    assert unused == set()
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def used(server: ApiServer) -> set[tuple[str, str, str]]:
    """Return what the operator has asked for: group, resource and verb."""
    return {(call.group, call.resource, call.verb) for call in server.operator_calls()}


def was_nudged(tenant: Tenant) -> bool:
    pod = tenant.server.get(f"/api/v1/namespaces/{tenant.name}/pods/{NAME}-server-0")
    return bool(pod and "trimtab.dev/plan-revision" in pod["metadata"].get("annotations", {}))


async def say_twice(server: ApiServer, tenant: Tenant) -> None:
    """Say the same thing from two processes, and again after the quiet time."""
    times = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(20))
    environment = {"KUBECONFIG": str(server.operator_kubeconfig())}
    subject = Subject("trimtab.dev/v1alpha1", "Model", tenant.name, NAME, "uid", 1)
    said = Emit(EventType.WARNING, "ExampleReason", "Said three times.")
    async with connect(environment, "trimtab-operator", lambda: 0.0) as connection:
        writer = EventWriter(connection.cluster, "one", lambda: next(times))
        await writer.emit(subject, said)
        await writer.emit(subject, said)
        await EventWriter(connection.cluster, "two", lambda: next(times)).emit(subject, said)
    (event,) = [event for event in tenant.events() if event["reason"] == "ExampleReason"]
    assert event["series"]["count"] == 2
