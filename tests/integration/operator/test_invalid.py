"""A spec that an older, laxer schema let through is explained, not crashed on."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from support.apiserver import ApiError, ApiServer, Object
from support.operator_process import OperatorProcess
from support.scenario import NAME, apply_all, request_run, serves
from support.specs import DIGEST, changed, dataset_spec
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until

pytestmark = pytest.mark.integration
SECONDS = 30.0
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
INVALID = changed(dataset_spec(), "target.trainQuantile", "0.5")
"""Both `threshold` and `trainQuantile`."""


@contextmanager
def lax_schema(server: ApiServer, plural: str) -> Iterator[None]:
    """Serve a kind's schema without its rules, as long as a test runs."""
    path = f"{DEFINITIONS}/{plural}.trimtab.dev"
    strict = server.request("GET", path)
    server.request("PUT", path, without_rules(copy.deepcopy(strict)))
    try:
        yield
    finally:
        live = server.request("GET", path)
        strict["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        server.request("PUT", path, strict)


def without_rules(definition: Object) -> Object:
    """Remove every `x-kubernetes-validations` from a schema."""
    stack: list[object] = [definition]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            node.pop("x-kubernetes-validations", None)
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return definition


def applied(tenant: Tenant, kind: str, spec: Object) -> bool:
    """Apply an invalid spec; False while the API server still uses the old schema."""
    try:
        tenant.apply(kind, NAME, spec)
    except ApiError:
        return False
    return True


def test_an_invalid_spec_names_its_field_and_recovers(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    with lax_schema(tenant.server, "datasets"):
        invalid = partial(applied, tenant, "Dataset", INVALID)
        wait_until(invalid, SECONDS, what="the lax schema is in force")
        wait_until(lambda: tenant.condition("Dataset", NAME, "Stalled"), SECONDS)
        for condition in ("Validated", "Ready", "Stalled"):
            said = tenant.condition("Dataset", NAME, condition)
            assert said["reason"] == "InvalidSpec"
            assert "`spec.target`" in said["message"]
        status = tenant.get("Dataset", NAME)["status"]
        assert status["observedGeneration"] == 1
        assert tenant.jobs() == []
        tenant.apply("Dataset", NAME, dataset_spec())
        wait_until(tenant.jobs, SECONDS, what="the corrected Dataset is ingested")
        wait_until(lambda: tenant.condition("Dataset", NAME, "Stalled") == {}, SECONDS)
        assert tenant.condition("Dataset", NAME, "Validated")["status"] == "True"
        assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_no_run_starts_past_an_invalid_model_that_serves(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    both = {"pipelineRef": {"name": NAME}, "onnx": {"uri": "raw/m.onnx", "digest": DIGEST}}
    apply_all(tenant)
    with run_admin_port(tenant, NAME), lax_schema(tenant.server, "models"):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        invalid = partial(applied, tenant, "Model", both)
        wait_until(invalid, SECONDS, what="the lax schema is in force")
        wait_until(lambda: tenant.condition("Model", NAME, "Stalled"), SECONDS)
        request_run(tenant, "second")
        wait_until(lambda: tenant.condition("Pipeline", NAME, "Stalled"), SECONDS)
        assert tenant.condition("Pipeline", NAME, "Stalled")["reason"] == "ChampionUnreadable"
        assert len(tenant.all("PipelineRun")) == 1

        tenant.apply("Model", NAME, {"pipelineRef": {"name": NAME}})
        started = wait_until(lambda: second_run(tenant), SECONDS, what="the run starts")
        assert started["spec"]["champion"]["digest"]
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def second_run(tenant: Tenant) -> Object | None:
    """Return the run of the newest request, None before it."""
    runs = tenant.all("PipelineRun")
    return next((run for run in runs if run["spec"]["trigger"] == "Request"), None)
