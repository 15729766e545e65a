import math
from dataclasses import replace
from typing import Any

import pytest

from support.contract_samples import EVALUATION
from trimtab_operator.monitor.gauges import MOST_FEATURES, Gauges
from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.monitor.targets import Target, TrainedVersion
from trimtab_stages.contract.monitoring import (
    Evaluation,
    FeatureDrift,
    MonitorSpec,
    SignalKind,
    SignalState,
    SignalValue,
)

TARGET = Target(
    namespace="demo",
    name="watch",
    uid="u",
    model="bikes",
    policy=MonitorSpec(),
    versions=(TrainedVersion(EVALUATION.version, "run-1", EVALUATION.start),),
    flush_seconds=10,
    evaluated_through=None,
    signals=(),
    evaluations=(),
)
LABELS = {"namespace": "demo", "monitor": "watch", "model": "bikes"}
KINDS = {
    "faults": SignalKind.DATA_FAULT,
    "inputs": SignalKind.INPUT_DRIFT,
    "outputs": SignalKind.PREDICTION_DRIFT,
    "quality": SignalKind.REALISED_QUALITY,
}


def evaluation(state: SignalState = SignalState.MEASURED, **changes: Any) -> Evaluation:
    value = 0.5 if state is SignalState.MEASURED else None
    signals = [
        SignalValue(name=name, kind=kind, state=state, value=value) for name, kind in KINDS.items()
    ]
    return EVALUATION.model_copy(update={"signals": signals} | changes)


def shown(metrics: MonitorMetrics, name: str, **labels: str) -> float | None:
    value: float | None = metrics.registry.get_sample_value(f"trimtab_{name}", LABELS | labels)
    return value


def test_every_statistic_has_its_metric() -> None:
    metrics = MonitorMetrics()
    Gauges(metrics, lambda: 7.0).show(TARGET, evaluation())
    assert {
        name: shown(metrics, name, **labels)
        for name, labels in {
            "drift_window_samples": {},
            "label_coverage_ratio": {},
            "data_faults": {},
            "drift_last_evaluation_timestamp_seconds": {},
            "drift_evaluation_period_seconds": {},
            "drift_share": {"signal": "inputs"},
            "drift_wasserstein_distance": {"feature": "tmax"},
            "drift_psi": {"feature": "tmax"},
            "drift_detected": {"feature": "tmax"},
            "quality": {"metric": "BalancedAccuracy"},
            "quality_reference": {"metric": "BalancedAccuracy"},
            "quality_drop": {"metric": "BalancedAccuracy"},
        }.items()
    } == {
        "drift_window_samples": 3,
        "label_coverage_ratio": 2 / 1.5,
        "data_faults": 1,
        "drift_last_evaluation_timestamp_seconds": 7,
        "drift_evaluation_period_seconds": 86_400,
        "drift_share": 0.5,
        "drift_wasserstein_distance": 0.5,
        "drift_psi": 0.25,
        "drift_detected": 1,
        "quality": 0.75,
        "quality_reference": 0.875,
        "quality_drop": 0.125,
    }
    assert shown(metrics, "drift_js_distance", feature="__score__") == 0.5
    assert shown(metrics, "drift_js_distance", feature="tmax") is None, "it is no category"


@pytest.mark.parametrize("state", [SignalState.INSUFFICIENT, SignalState.INVALID])
def test_a_window_without_honest_values_shows_none(state: SignalState) -> None:
    metrics = MonitorMetrics()
    gauges = Gauges(metrics, lambda: 7.0)
    gauges.show(TARGET, evaluation())
    gauges.show(TARGET, evaluation(state))
    for name, labels in (
        ("drift_share", {"signal": "inputs"}),
        ("drift_wasserstein_distance", {"feature": "tmax"}),
        ("drift_js_distance", {"feature": "__score__"}),
        ("quality", {"metric": "BalancedAccuracy"}),
        ("quality_drop", {"metric": "BalancedAccuracy"}),
    ):
        assert math.isnan(shown(metrics, name, **labels) or 0.0), name
    assert shown(metrics, "drift_window_samples") == 3


def feature(number: int) -> FeatureDrift:
    return FeatureDrift(
        feature=f"f{number}",
        effect=1 / (1 + number),
        wasserstein=1 / (1 + number),
        p_value=0.5,
        drifted=number == MOST_FEATURES + 3,
    )


def test_features_beyond_the_bound_are_folded_into_their_largest() -> None:
    metrics = MonitorMetrics()
    features = [feature(number) for number in range(MOST_FEATURES + 10)]
    Gauges(metrics, lambda: 7.0).show(TARGET, evaluation(features=features))
    names = {
        sample.labels["feature"]
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "trimtab_drift_wasserstein_distance"
    }
    assert len(names) == MOST_FEATURES + 1
    folded = shown(metrics, "drift_wasserstein_distance", feature="__other__")
    assert folded == features[MOST_FEATURES].wasserstein
    assert shown(metrics, "drift_detected", feature="__other__") == 1


LOST_NONE = {f"trimtab_lost_{what}_total": 0.0 for what in ("objects", "rows", "flushes")}


def counted(metrics: MonitorMetrics) -> dict[str, float]:
    """Return the counters of the DriftMonitor by result, reason or name."""
    lost = (metrics.lost_objects, metrics.lost_rows, metrics.lost_flushes)
    return {
        sample.labels.get("result") or sample.labels.get("reason") or sample.name: sample.value
        for family in (metrics.evaluations, metrics.uncounted, *lost)
        for one in family.collect()
        for sample in one.samples
        if sample.name.endswith("_total")
    }


def test_counters_begin_at_nought_and_end_with_their_monitor() -> None:
    metrics = MonitorMetrics()
    gauges = Gauges(metrics, lambda: 7.0)
    gauges.begin(TARGET)
    metrics.evaluations.labels("demo", "watch", "error").inc()
    metrics.uncounted.labels("demo", "watch", "missed").inc(3)
    gauges.begin(TARGET)
    results = {"ok": 0, "faulty": 0, "error": 1, "late": 0, "missed": 3}
    assert counted(metrics) == results | LOST_NONE
    gauges.count_lost(TARGET, evaluation(lost=1, lost_rows=7, silent=["a-1", "b-1"]))
    gauges.count_lost(TARGET, evaluation(lost=0, lost_rows=2, silent=[]))
    assert counted(metrics) == results | dict(zip(LOST_NONE, (1, 9, 2), strict=True))
    gauges.begin(replace(TARGET, model="trams"))
    assert counted(metrics) == results | LOST_NONE, "those of the other Model have ended"
    gauges.keep([])
    assert counted(metrics) == {}


def test_series_end_with_their_object_and_with_a_renamed_model() -> None:
    metrics = MonitorMetrics()
    gauges = Gauges(metrics, lambda: 7.0)
    gauges.begin(TARGET)
    gauges.show(TARGET, evaluation())
    metrics.evaluations.labels("demo", "watch", "ok").inc()
    gauges.show(replace(TARGET, model="trams"), evaluation())
    assert shown(metrics, "drift_window_samples") is None
    assert shown(metrics, "drift_window_samples", model="trams") == 3
    gauges.keep([("demo", "other")])
    left = [
        sample
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.labels.get("monitor")
    ]
    assert left == []
