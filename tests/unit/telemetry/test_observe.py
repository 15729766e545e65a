from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from support.specs import model_spec, pipeline_spec, pipelinerun_spec
from trimtab_operator.api.kinds import MODEL, PIPELINE, PIPELINE_RUN
from trimtab_operator.api.model import Model, ModelStatus, Version
from trimtab_operator.api.pipelinerun import PipelineRun, PipelineRunStatus
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_operator.telemetry.observe import Observations

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIGESTS = [f"sha256:{digit * 64}" for digit in "ab"]
METADATA = {"name": "x", "namespace": "ns", "uid": "u", "generation": 1}
PIPELINE_LABELS = {"namespace": "ns", "pipeline": "bikes"}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def run(**status: object) -> PipelineRun:
    body = {"metadata": METADATA, "spec": pipelinerun_spec(), "status": status}
    parsed = PIPELINE_RUN.parse(body)
    assert isinstance(parsed, PipelineRun)
    return parsed


def ended(gates: str, reason: str) -> PipelineRunStatus:
    conditions = [
        {"type": kind, "status": status, "reason": reason, "lastTransitionTime": NOW}
        for kind, status in (("Complete", "True"), ("GatesPassed", gates))
    ]
    return PipelineRunStatus.model_validate(
        {
            "startTime": NOW,
            "completionTime": NOW + timedelta(seconds=90),
            "commitDigest": DIGESTS[0],
            "conditions": conditions,
        }
    )


def model() -> Model:
    parsed = MODEL.parse({"metadata": METADATA, "spec": model_spec()})
    assert isinstance(parsed, Model)
    return parsed


def serving(digest: str) -> ModelStatus:
    return ModelStatus(champion=Version(digest=digest, key="k", since=NOW))


def value(registry: CollectorRegistry, name: str, /, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_a_run_that_ends_is_counted_once(metrics: Metrics) -> None:
    seen = Observations(metrics)
    after = ended("True", "Passed")
    seen.observe("PipelineRun", run(), after)
    seen.observe("PipelineRun", run(**after.to_wire()), after)
    outcomes = value(
        metrics.registry, "trimtab_gate_outcomes_total", **PIPELINE_LABELS, outcome="Passed"
    )
    assert outcomes == 1
    name = "trimtab_pipeline_run_duration_seconds"
    labels = PIPELINE_LABELS | {"result": "succeeded"}
    assert value(metrics.registry, f"{name}_count", **labels) == 1
    assert value(metrics.registry, f"{name}_sum", **labels) == 90


def test_only_a_passed_run_is_a_success(metrics: Metrics) -> None:
    seen = Observations(metrics)
    name = "trimtab_pipeline_last_success_timestamp_seconds"
    seen.observe("PipelineRun", run(), ended("Unknown", "Inconclusive"))
    assert value(metrics.registry, name, **PIPELINE_LABELS) is None
    seen.observe("PipelineRun", run(), ended("True", "Passed"))
    assert value(metrics.registry, name, **PIPELINE_LABELS) == NOW.timestamp() + 90


def test_a_model_has_one_champion_at_a_time(metrics: Metrics) -> None:
    seen = Observations(metrics)
    for digest in DIGESTS:
        seen.observe("Model", model(), serving(digest))
    labels = {"namespace": "ns", "model": "x"}
    found = [value(metrics.registry, "trimtab_model_info", **labels, digest=d) for d in DIGESTS]
    assert found == [None, 1]


def test_each_end_of_a_rollout_is_counted_once(metrics: Metrics) -> None:
    seen = Observations(metrics)
    states = ["Progressing", "Held", "Promoted", "RolledBack"]
    statuses = [
        ModelStatus.model_validate({"rollout": {"digest": DIGESTS[0], "state": state}})
        for state in states
    ]
    before = model()
    for after in (status for status in statuses for _ in range(2)):
        seen.observe("Model", before, after)
        before = before.model_copy(update={"status": after})
    name, labels = "trimtab_rollout_outcomes_total", {"namespace": "ns", "model": "x"}
    found = [value(metrics.registry, name, **labels, outcome=state) for state in states]
    assert found == [None, 1, 1, 1]


def on_trial(labelled: int | None, state: str = "Progressing") -> ModelStatus:
    evidence = (
        {} if labelled is None else {"evidence": {"digest": DIGESTS[1], "labelled": labelled}}
    )
    return ModelStatus.model_validate(
        {
            "challenger": {"digest": DIGESTS[1], "key": "k", "since": NOW},
            "rollout": {"digest": DIGESTS[1], "state": state} | evidence,
        }
    )


TRIAL = ("started_timestamp_seconds", "ends_timestamp_seconds", "missing_labels")


def trial_of(metrics: Metrics) -> list[float | None]:
    labels = {"namespace": "ns", "model": "x"}
    return [value(metrics.registry, f"trimtab_rollout_{name}", **labels) for name in TRIAL]


@pytest.mark.parametrize(
    ("after", "missing"),
    [
        pytest.param(on_trial(None), 200, id="no evidence yet"),
        pytest.param(on_trial(50), 150, id="some labels"),
        pytest.param(on_trial(900), 0, id="enough labels"),
        pytest.param(on_trial(900, "Held"), None, id="held"),
        pytest.param(ModelStatus(), None, id="ended"),
    ],
)
def test_a_rollout_shows_how_long_it_waits_and_for_how_many_labels(
    metrics: Metrics, after: ModelStatus, missing: float | None
) -> None:
    spec = model_spec() | {"rollout": {"maxSeconds": 3600}}
    before = MODEL.parse({"metadata": METADATA, "spec": spec})
    seen = Observations(metrics)
    begun = [NOW.timestamp(), NOW.timestamp() + 3600]

    seen.observe("Model", before, on_trial(None))
    assert trial_of(metrics) == [*begun, 200]
    seen.observe("Model", before, after)
    assert trial_of(metrics) == ([None] * 3 if missing is None else [*begun, missing])
    seen.forget("Model", "ns", "x")
    assert trial_of(metrics) == [None] * 3


def test_faults_are_counted_from_nought_until_their_object_is_gone(metrics: Metrics) -> None:
    seen = Observations(metrics)
    rolled_back = {"namespace": "ns", "model": "x", "outcome": "RolledBack"}
    failed = {"namespace": "ns", "pipeline": "x", "result": "failed"}
    series = [
        ("trimtab_rollout_outcomes_total", rolled_back),
        ("trimtab_pipeline_run_duration_seconds_count", failed),
    ]
    body = {"metadata": METADATA, "spec": pipeline_spec()}
    parsed = PIPELINE.parse(body)
    for kind, one in (("Model", model()), ("Pipeline", parsed)):
        seen.observe(kind, one, one.status)
    assert [value(metrics.registry, name, **labels) for name, labels in series] == [0, 0]
    for kind in ("Model", "Pipeline"):
        seen.forget(kind, "ns", "x")
    assert [value(metrics.registry, name, **labels) for name, labels in series] == [None, None]


@pytest.mark.parametrize("status", ["True", "False"])
def test_a_suspended_object_is_paused(metrics: Metrics, status: str) -> None:
    paused = {"type": "Paused", "status": status, "reason": "x", "lastTransitionTime": NOW}
    after = ModelStatus.model_validate({"conditions": [paused]})
    Observations(metrics).observe("Model", model(), after)
    labels = {"kind": "Model", "namespace": "ns", "name": "x"}
    assert value(metrics.registry, "trimtab_object_paused", **labels) == (status == "True")


def test_an_object_that_is_gone_leaves_no_series(metrics: Metrics) -> None:
    seen = Observations(metrics)
    seen.observe("Model", model(), serving(DIGESTS[0]))
    seen.forget("Model", "ns", "x")
    seen.forget("Model", "ns", "x")
    labels = {"namespace": "ns", "model": "x", "digest": DIGESTS[0]}
    assert value(metrics.registry, "trimtab_model_info", **labels) is None
    ready = {"kind": "Model", "namespace": "ns", "name": "x"}
    assert value(metrics.registry, "trimtab_object_ready", **ready) is None
