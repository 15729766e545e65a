"""One operator acts at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import LEASES, ApiServer
from support.operator_process import OperatorProcess, operator_settings, run_standby
from support.specs import dataset_spec
from support.tenant import Tenant
from support.waiting import wait_until

pytestmark = pytest.mark.integration
SECONDS = 60.0
LEASE = f"{LEASES}/trimtab-operator"
Start = Callable[[dict[str, Any]], OperatorProcess]


def changes(operator: OperatorProcess) -> list[str]:
    return [line["change"] for line in operator.lines() if line["message"] == "changed"]


def test_a_second_operator_waits_and_takes_over(
    tenant: Tenant,
    api_server: ApiServer,
    settings: dict[str, Any],
    start_operator: Start,
    buckets: Path,
    tmp_path: Path,
) -> None:
    first = start_operator(settings)
    own = operator_settings({"path": str(buckets)}, namespaces=[tenant.name])
    with run_standby(api_server, tmp_path / "standby", own) as second:
        wait_until(lambda: second.health() == "ok", SECONDS, what="the standby is healthy")
        tenant.apply("Dataset", "one", dataset_spec())
        wait_until(lambda: len(tenant.jobs()) == 1, SECONDS, what="the first operator acts")
        assert second.metric("trimtab_leader") == 0
        assert changes(second) == []
        first.kill()
        second.wait_leading(SECONDS)
        tenant.apply("Dataset", "two", dataset_spec())
        wait_until(lambda: len(tenant.jobs()) == 2, SECONDS, what="the second operator acts")
        assert [change for change in changes(second) if "Job/one" in change] == []


def test_it_ends_when_the_lease_is_taken_from_it(
    api_server: ApiServer, operator: OperatorProcess
) -> None:
    api_server.merge(LEASE, {"spec": {"holderIdentity": "somebody"}})
    wait_until(operator.ended, SECONDS, what="the operator ends")
    assert operator.stop() == 3
    api_server.merge(LEASE, {"spec": {"holderIdentity": ""}})


def test_it_gives_the_lease_back_when_it_is_told_to_stop(
    api_server: ApiServer, operator: OperatorProcess
) -> None:
    assert operator.stop() == 0
    lease = api_server.get(LEASE)
    assert lease is not None
    assert lease["spec"].get("holderIdentity", "") == ""


def test_it_gives_back_a_lease_that_was_written_since_it_read_it(
    tenant: Tenant, api_server: ApiServer, operator: OperatorProcess
) -> None:
    tenant.apply("Dataset", "one", dataset_spec())
    wait_until(lambda: len(tenant.jobs()) == 1, SECONDS, what="the operator works")
    api_server.merge(LEASE, {"metadata": {"annotations": {"read-by": "nobody"}}})
    assert operator.stop() == 0
    lease = api_server.get(LEASE)
    assert lease is not None
    assert lease["metadata"]["annotations"]["read-by"] == "nobody"
    assert lease["spec"].get("holderIdentity", "") == ""
