"""Two hundred objects at once, and a restart in front of them."""

from collections.abc import Callable
from typing import Any

import pytest

from support.apiserver import ApiServer, Call
from support.operator_process import OperatorProcess
from support.scenario import all_ready, apply_datasets
from support.tenant import Tenant
from support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.long]
COUNT = 200
SECONDS = 240.0
MEGABYTES = 150
BEGINNING = "storage is (re)initializing"
"""What an API server tells a watch of a kind that it has just got: kopf then tries again."""


def test_many_objects_are_all_reconciled_and_a_restart_writes_nothing(
    tenant: Tenant,
    api_server: ApiServer,
    settings: dict[str, Any],
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> None:
    first = start_operator(settings)
    apply_datasets(tenant, COUNT)
    wait_until(lambda: all_ready(tenant, "Dataset", COUNT), SECONDS, interval=1, what="all ready")
    assert len(tenant.jobs()) == COUNT
    wait_until(first.is_idle, SECONDS, what="nothing is due")
    expect_flawless(first)
    assert first.stop() == 0
    before = len(api_server.operator_calls())
    second = start_operator(settings)
    wait_until(lambda: all_read(calls(api_server, before)), SECONDS, what="all are looked at")
    wait_until(second.is_idle, SECONDS, what="nothing is due")
    assert {call.resource for call in writes(calls(api_server, before))} == {"leases"}
    expect_flawless(second)


def expect_flawless(operator: OperatorProcess) -> None:
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0
    told = [line["message"] for line in operator.complaints()]
    assert [message for message in told if BEGINNING not in message] == []
    assert operator.peak_megabytes() < MEGABYTES
    assert operator.health() == "ok"


def calls(server: ApiServer, start: int) -> list[Call]:
    return server.operator_calls()[start:]


def all_read(made: list[Call]) -> bool:
    read = {call.name for call in made if call.verb == "get" and call.resource == "datasets"}
    return len(read) == COUNT


def writes(made: list[Call]) -> list[Call]:
    reads = {"get", "list", "watch"}
    reviews = "selfsubjectreviews"
    return [call for call in made if call.verb not in reads and call.resource != reviews]
