"""From an evaluation to a run: what the monitor writes and what the operator makes of it."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import ApiServer, Object
from support.monitor_writer import MANAGER, evaluate
from support.objects import conditions_of
from support.operator_process import ROOTS, OperatorProcess
from support.scenario import NAME, apply_all
from support.tenant import Tenant
from support.waiting import wait_until
from trimtab_stages.contract.audit import AuditRecord, verify
from trimtab_stages.store import LocalStore

pytestmark = pytest.mark.integration
SECONDS = 60.0
SECOND = "bikes-second"
"""Another DriftMonitor of the same Model."""
WORSE, GOOD = {"quality": "0.1"}, {"quality": "0"}


def champion(tenant: Tenant, name: str = NAME) -> Object:
    """Let the cluster act; return the champion, empty where there is none."""
    tenant.act()
    found: Object = tenant.get("Model", name)["status"].get("champion", {})
    return found


def status(tenant: Tenant, name: str = NAME) -> Object:
    found: Object = tenant.get("DriftMonitor", name)["status"]
    return found


def decided(tenant: Tenant, name: str = NAME) -> list[str]:
    """Return all decisions in the status, oldest first."""
    found = status(tenant, name).get("decisions", [])
    return [f"{item['outcome']} {item['reason']}" for item in found]


def verdict_runs(tenant: Tenant) -> list[Object]:
    return [run for run in tenant.all("PipelineRun") if run["spec"]["trigger"] == "Verdict"]


def watch(tenant: Tenant, **spec: Any) -> None:
    """Apply a loop with a DriftMonitor, and wait for its first champion."""
    apply_all(tenant)
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": NAME}, "mode": "Act"} | spec)
    wait_until(lambda: champion(tenant), SECONDS, what="a first version is champion")


def audit_chain(buckets: Path) -> list[AuditRecord]:
    """Return the records of the audit chain, which holds."""
    store = LocalStore(buckets / "trimtab-audit")
    chain = [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]
    assert verify(chain) is None
    return chain


def managed(body: Object, manager: str) -> set[str]:
    """Return the status fields that a field manager owns."""
    return {
        name.removeprefix("f:")
        for entry in body["metadata"]["managedFields"]
        if entry["manager"] == manager and entry.get("subresource") == "status"
        for name in entry["fieldsV1"]["f:status"]
    }


def test_a_bad_window_leads_to_exactly_one_run(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    watch(tenant)
    former = champion(tenant)["digest"]
    evaluate(tenant, NAME, GOOD, WORSE)
    (run,) = wait_until(lambda: verdict_runs(tenant), SECONDS, what="a run starts")
    trigger = run["spec"]["triggerId"]
    assert run["spec"]["causes"] == [trigger]
    assert decided(tenant) == ["Wait NoRuleHolds", "Retrain RuleHolds"]
    assert status(tenant)["pending"]["triggerId"] == trigger
    assert operator.metric_sum("trimtab_rule_holding{") == 1
    assert run["spec"]["triggerMessage"].startswith("DriftMonitor `bikes`: Rule `quality-drop`")

    wait_until(lambda: champion(tenant)["digest"] != former, SECONDS, what="a new one is champion")
    wait_until(lambda: "pending" not in status(tenant), SECONDS, what="nothing is pending")
    assert [item["state"] for item in status(tenant)["retrains"]] == ["Passed"]
    new = champion(tenant)["digest"]
    evaluate(tenant, NAME, {"version": former} | GOOD, {"version": former} | WORSE, WORSE)
    wait_until(lambda: len(decided(tenant)) == 3, SECONDS, what="the third window is decided")
    assert decided(tenant)[-1] == "Suppress Cooldown"
    assert (len(verdict_runs(tenant)), champion(tenant)["digest"]) == (1, new)

    chain = audit_chain(buckets)
    causes = [record.action for record in chain if record.cause.startswith(trigger)]
    assert causes == ["RetrainDecided", "RunStarted", "GatesJudged", "Promoted"]
    outcomes = ["Waited", "RetrainDecided", "RetrainSuppressed"]
    assert [one.action for one in chain if one.object.kind == "DriftMonitor"] == outcomes
    assert set(outcomes) <= {event["reason"] for event in tenant.events()}
    assert operator.metric_sum("trimtab_retrain_triggers_total{") == 2
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_two_monitors_with_the_same_bad_window_start_one_run(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    watch(tenant)
    former, names = champion(tenant)["digest"], (NAME, SECOND)
    tenant.apply("DriftMonitor", SECOND, {"modelRef": {"name": NAME}, "mode": "Act"})
    wait_until(lambda: tenant.is_ready("DriftMonitor", SECOND), SECONDS, what="both watch")
    for name in names:
        evaluate(tenant, name, WORSE, model=NAME)
    wait_until(lambda: all(decided(tenant, name) for name in names), SECONDS, what="both decide")
    (run,) = wait_until(lambda: verdict_runs(tenant), SECONDS, what="a run starts")
    triggers = {name: status(tenant, name)["decision"]["triggerId"] for name in names}
    outcomes = [decided(tenant, name) for name in names]
    assert ["Retrain RuleHolds"] in outcomes
    assert all(found in (["Retrain RuleHolds"], ["Suppress InFlight"]) for found in outcomes)
    assert set(run["spec"]["causes"]) <= set(triggers.values())

    wait_until(lambda: champion(tenant)["digest"] != former, SECONDS, what="a new one is champion")
    wait_until(lambda: not any(map(partial(is_pending, tenant), names)), SECONDS, what="all ended")
    wait_until(operator.is_idle, SECONDS, what="nothing is due")
    chain = audit_chain(buckets)
    started = [record.cause for record in chain if record.action == "RunStarted"]
    assert len(started) == 2, "the first run, and one for both"
    assert started[1] in triggers.values()
    for trigger in triggers.values():
        told = {record.action for record in chain if record.cause.startswith(trigger)}
        assert told & {"RetrainDecided", "RetrainSuppressed"}
    states = [item["state"] for name in names for item in status(tenant, name).get("retrains", [])]
    assert "Passed" in states
    assert set(states) <= {"Passed", "Withdrawn"}
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def is_pending(tenant: Tenant, name: str) -> bool:
    return "pending" in status(tenant, name)


def retrain_states(tenant: Tenant) -> list[str]:
    return [item["state"] for item in status(tenant).get("retrains", [])]


def test_a_retrain_ends_with_its_pipeline(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    watch(tenant)
    evaluate(tenant, NAME, WORSE)
    (run,) = wait_until(lambda: verdict_runs(tenant), SECONDS, what="a run starts")
    wait_until(lambda: retrain_states(tenant) == ["Running"], SECONDS, what="the retrain runs")

    tenant.server.request("DELETE", tenant.path("Pipeline", NAME))
    # What the garbage collector would do.
    tenant.server.request("DELETE", tenant.path("PipelineRun", run["metadata"]["name"]))

    wait_until(lambda: not is_pending(tenant, NAME), SECONDS, what="nothing is pending")
    wait_until(operator.is_idle, SECONDS, what="nothing is due")
    assert retrain_states(tenant) == ["Deleted"]
    ends = [record.cause for record in audit_chain(buckets) if record.action == "RetrainEnded"]
    assert ends == [run["spec"]["triggerId"]]
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_each_writes_its_own_fields_of_the_status(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    watch(tenant)
    evaluate(tenant, NAME, GOOD)
    wait_until(lambda: decided(tenant), SECONDS, what="the window is decided")
    evaluate(tenant, NAME, GOOD, GOOD)
    wait_until(lambda: len(decided(tenant)) == 2, SECONDS, what="the second window is decided")
    body = tenant.get("DriftMonitor", NAME)
    measured = {"evaluatedThrough", "signals", "evaluations"}

    assert managed(body, MANAGER) == measured
    assert managed(body, "trimtab-operator") & measured == set()
    assert "decision" in managed(body, "trimtab-operator")
    assert conditions_of(body)["Ready"] == ("True", "Watching")
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_a_converged_monitor_is_not_written(
    tenant: Tenant, api_server: ApiServer, operator: OperatorProcess
) -> None:
    watch(tenant, mode="Suggest")
    evaluate(tenant, NAME, WORSE)
    wait_until(lambda: "suggestion" in status(tenant), SECONDS, what="a retrain is suggested")
    wait_until(operator.is_idle, SECONDS, what="nothing is due")
    version = tenant.get("DriftMonitor", NAME)["metadata"]["resourceVersion"]
    before = len(api_server.operator_calls())
    tenant.server.merge(
        tenant.path("Model", NAME), {"metadata": {"annotations": {"example.com/touched": "1"}}}
    )
    wait_until(
        lambda: any(
            call.verb == "get" and call.resource == "driftmonitors"
            for call in api_server.operator_calls()[before:]
        ),
        SECONDS,
        what="it is looked at",
    )
    wait_until(operator.is_idle, SECONDS, what="nothing is due")
    assert tenant.get("DriftMonitor", NAME)["metadata"]["resourceVersion"] == version


def test_a_person_accepts_what_is_suggested(
    tenant: Tenant, api_server: ApiServer, tmp_path: Path, operator: OperatorProcess
) -> None:
    watch(tenant, mode="Suggest")
    evaluate(tenant, NAME, WORSE)
    wait_until(lambda: "suggestion" in status(tenant), SECONDS, what="a retrain is suggested")
    assert verdict_runs(tenant) == []

    told = accept(api_server, tmp_path, tenant.name)

    assert told.returncode == 0, told.stderr
    assert "accepted the retrain for the window until 2026-01-02T00:00:00Z" in told.stdout
    (run,) = wait_until(lambda: verdict_runs(tenant), SECONDS, what="a run starts")
    assert "A person accepted" in run["spec"]["triggerMessage"]
    again = accept(api_server, tmp_path, tenant.name)
    assert again.returncode == 1
    assert "NothingToAccept" in again.stderr
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def accept(server: ApiServer, folder: Path, namespace: str) -> "subprocess.CompletedProcess[str]":
    """Run `trimtab accept` as a person with an administrator's access."""
    kubeconfig = server.admin_kubeconfig(folder / "admin.kubeconfig")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "KUBECONFIG": str(kubeconfig),
        "PYTHONPATH": os.pathsep.join(ROOTS),
    }
    command = [sys.executable, "-m", "trimtab_operator.cli", "accept", f"tdm/{NAME}"]
    return subprocess.run(
        [*command, "-n", namespace], env=environment, capture_output=True, text=True, check=False
    )
