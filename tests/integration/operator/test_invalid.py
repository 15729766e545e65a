"""A spec that an older, laxer schema let through is explained, not crashed on."""

import copy
from collections.abc import Iterator

import pytest

from support.apiserver import ApiError, ApiServer, Object
from support.operator_process import OperatorProcess
from support.scenario import NAME
from support.specs import changed, dataset_spec
from support.tenant import Tenant
from support.waiting import wait_until

pytestmark = pytest.mark.integration
SECONDS = 30.0
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/datasets.trimtab.dev"
INVALID = changed(dataset_spec(), "target.trainQuantile", "0.5")
"""Both `threshold` and `trainQuantile`."""


@pytest.fixture
def lax_schema(api_server: ApiServer) -> Iterator[ApiServer]:
    """The Dataset's schema without its rules, as long as a test runs."""
    strict = api_server.request("GET", DEFINITION)
    api_server.request("PUT", DEFINITION, without_rules(copy.deepcopy(strict)))
    yield api_server
    live = api_server.request("GET", DEFINITION)
    strict["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
    api_server.request("PUT", DEFINITION, strict)


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


def applied(tenant: Tenant) -> bool:
    """Apply the invalid spec; False while the API server still uses the old schema."""
    try:
        tenant.apply("Dataset", NAME, INVALID)
    except ApiError:
        return False
    return True


def test_an_invalid_spec_names_its_field_and_recovers(
    tenant: Tenant, lax_schema: ApiServer, operator: OperatorProcess
) -> None:
    assert lax_schema is tenant.server
    wait_until(lambda: applied(tenant), SECONDS, what="the lax schema is in force")
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
