"""Evidence about a challenger in the shadow, in the status of its Model."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from support.operator_process import OperatorProcess
from support.shadowed import T0, apply_shadowed, serve_both
from support.tenant import Tenant
from support.traffic import MODEL, ServerPod, Trained
from support.waiting import wait_until
from trimtab_operator.api.model import Model
from trimtab_operator.api.rollout import RolloutEvidence
from trimtab_stages.contract import layout

pytestmark = pytest.mark.integration

SECONDS = 60.0


def evidence(tenant: Tenant) -> RolloutEvidence | None:
    body = tenant.get("Model", MODEL)
    known = {name: body[name] for name in ("metadata", "spec", "status")}
    rollout = Model.model_validate(known).status.rollout
    return rollout.evidence if rollout else None


def labelled(tenant: Tenant) -> int:
    found = evidence(tenant)
    return found.labelled if found else -1


def test_evidence_grows_with_the_labels_and_leaves_the_rest_alone(
    tenant: Tenant,
    champion: Trained,
    challenger: Trained,
    start_monitor: Callable[[], OperatorProcess],
) -> None:
    apply_shadowed(tenant, champion, challenger)
    monitor = start_monitor()
    wait_until(lambda: labelled(tenant) == 0, SECONDS, what="the first word")
    pod = ServerPod(tenant.store)
    serve_both(pod, champion, challenger, range(10))
    wait_until(lambda: labelled(tenant) == 100, SECONDS, what="a hundred labels")
    monitor.kill()
    tenant.server.free_lease(f"lease-{tenant.name}")
    serve_both(pod, champion, challenger, range(10, 30))
    monitor.start()
    wait_until(lambda: labelled(tenant) == 300, SECONDS, what="all labels")

    found = evidence(tenant)
    assert found is not None
    assert (found.digest, found.rows) == (challenger.digest, 300)
    assert found.difference == 1
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low <= found.difference <= found.high
    assert found.through == datetime.fromtimestamp(T0 + 29, UTC)
    status = tenant.get("Model", MODEL)["status"]
    assert status["champion"]["digest"] == champion.digest
    assert (status["rollout"]["stage"], status["rollout"]["state"]) == ("Shadow", "Progressing")


def test_a_damaged_object_is_told_and_ends_nothing(
    tenant: Tenant,
    champion: Trained,
    challenger: Trained,
    start_monitor: Callable[[], OperatorProcess],
) -> None:
    apply_shadowed(tenant, champion, challenger)
    serve_both(ServerPod(tenant.store), champion, challenger, range(10))
    prefix = layout.version_captured_prefix(MODEL, challenger.digest)
    key = next(entry.key for entry in tenant.store.list(prefix))
    whole = tenant.store.get(key)
    rows = json.loads(whole)
    rows["eventTimeNs"][0] = 10**30
    replace(tenant, key, json.dumps(rows).encode())

    monitor = start_monitor()
    errors = f'trimtab_rollout_evidence_errors_total{{model="{MODEL}",namespace="{tenant.name}"}}'
    wait_until(lambda: (monitor.metric(errors) or 0) >= 2, SECONDS, what="it is tried again")
    replace(tenant, key, whole)
    wait_until(lambda: labelled(tenant) == 100, SECONDS, what="the repaired object counts")


def replace(tenant: Tenant, key: str, data: bytes) -> None:
    tenant.store.delete(key)
    tenant.store.put_if_absent(key, data)
