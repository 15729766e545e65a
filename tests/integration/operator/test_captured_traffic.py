"""A decision to retrain makes a snapshot of served traffic, and the run is trained on it."""

from datetime import UTC, datetime

import pytest

from support.apiserver import Object
from support.operator_process import OperatorProcess
from support.scenario import NAME, serves
from support.specs import dataset_spec
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until
from trimtab_stages.contract.run import IngestSpec

pytestmark = pytest.mark.integration
SECONDS = 60.0
CAPTURE = {"model": NAME, "policy": "SlidingWindow", "windowSeconds": 30 * 86_400}
FAULTY, WORSE = ("2026-03-01", "2026-03-02"), ("2026-03-02", "2026-03-03")


def apply_loop(tenant: Tenant) -> None:
    """Apply the whole loop, with traffic as training data and retraining without a person."""
    spec = dataset_spec()
    tenant.apply("Dataset", NAME, spec | {"source": spec["source"] | {"capture": CAPTURE}})
    triggers = [{"type": kind} for kind in ("NewSnapshot", "Verdict")]
    tenant.apply("Pipeline", NAME, {"datasetRef": {"name": NAME}, "triggers": triggers})
    tenant.apply("Model", NAME, {"pipelineRef": {"name": NAME}})
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": NAME}, "mode": "Act"})


def evaluate(tenant: Tenant) -> None:
    """Write what a monitor process says: first a unit changed, then the model became worse."""
    champion = tenant.get("Model", NAME)["status"]["champion"]["digest"]
    fault = {"kind": "UnitChange", "message": "degF"}
    windows = [
        _window(FAULTY, champion, "0.0") | {"faults": [fault]},
        _window(WORSE, champion, "0.2"),
    ]
    body = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "DriftMonitor",
        "metadata": {"name": NAME},
        "status": {"evaluatedThrough": windows[-1]["end"], "evaluations": windows},
    }
    tenant.server.apply(f"{tenant.path('DriftMonitor', NAME)}/status", body, "trimtab-monitor")


def _window(days: tuple[str, str], version: str, drop: str) -> Object:
    start, end = (f"{day}T00:00:00Z" for day in days)
    quality = {"name": "quality", "state": "Measured", "samples": 500}
    return {
        "start": start,
        "end": end,
        "version": version,
        "rows": 1000,
        "report": {"key": f"monitoring/{NAME}/{end}.json", "digest": version, "size": 1},
        "signals": [quality | {"value": drop, "low": "0.15", "high": "0.25"}],
    }


def ingests(tenant: Tenant) -> list[IngestSpec]:
    """Return what every ingest was told."""
    jobs = [job["metadata"] for job in tenant.jobs() if job["metadata"]["name"].startswith(NAME)]
    return [
        IngestSpec.from_bytes(tenant.config(metadata["name"], "spec.json"))
        for metadata in jobs
        if "trimtab.dev/run" not in metadata["labels"]
    ]


def retrained(tenant: Tenant) -> bool:
    """Let the cluster act; True when a run serves the decision."""
    tenant.act()
    runs = [run["spec"] for run in tenant.all("PipelineRun")]
    return any(run["trigger"] == "Verdict" for run in runs)


def test_a_run_waits_for_the_traffic_that_it_was_decided_on(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    apply_loop(tenant)
    with run_admin_port(tenant, NAME):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        (first,) = ingests(tenant)
        assert first.capture is None
        evaluate(tenant)
        wait_until(lambda: retrained(tenant), SECONDS, what="a run on the traffic starts")
        wait_until(operator.is_idle, SECONDS, what="the operator is idle")

    (told,) = ingests(tenant)
    assert told.capture is not None
    assert told.capture.through == datetime(2026, 3, 3, tzinfo=UTC)
    assert [window.start for window in told.capture.excluded] == [datetime(2026, 3, 1, tzinfo=UTC)]
    status = tenant.get("Dataset", NAME)["status"]
    assert status["snapshot"]["capturedThrough"] == "2026-03-03T00:00:00Z"
    assert status["capture"]["through"] == "2026-03-03T00:00:00Z"
    (run,) = [
        run["spec"] for run in tenant.all("PipelineRun") if run["spec"]["trigger"] == "Verdict"
    ]
    assert run["snapshot"] == status["snapshot"]["digest"]
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_a_retrain_fails_with_the_ingest_of_its_traffic(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    apply_loop(tenant)
    with run_admin_port(tenant, NAME):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        evaluate(tenant)
        job = wait_until(lambda: unfinished(tenant), SECONDS, what="an ingest of the traffic")
        assert tenant.get("DriftMonitor", NAME)["status"]["pending"]
        tenant.fail_job(job[0], 3, "raw/rows.csv: no such object")
        wait_until(lambda: ended(tenant), SECONDS, what="the retrain has ended")
        wait_until(operator.is_idle, SECONDS, what="the operator is idle")

    status = tenant.get("DriftMonitor", NAME)["status"]
    (retrain,) = status["retrains"]
    assert (retrain["state"], retrain["reason"]) == ("Failed", "ProcessFailed")
    assert "no such object" in retrain["message"]
    assert "pending" not in status
    assert status["breaker"]["failures"] == 1
    pending = tenant.condition("DriftMonitor", NAME, "RetrainPending")
    assert (pending["status"], pending["reason"]) == ("False", "RetrainFailed")
    assert "RetrainEnded" in {event["reason"] for event in tenant.events()}
    assert not any(run["spec"]["trigger"] == "Verdict" for run in tenant.all("PipelineRun"))
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def unfinished(tenant: Tenant) -> list[Object]:
    """Return the Jobs that nobody has ended."""
    return [job for job in tenant.jobs() if not job.get("status", {}).get("conditions")]


def ended(tenant: Tenant) -> bool:
    return "pending" not in tenant.get("DriftMonitor", NAME)["status"]
