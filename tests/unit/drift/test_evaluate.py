"""The report of a window."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from support.cgm import cgm_rows, training_rows
from support.windows import (
    SNAPSHOT,
    START,
    VERSION,
    Champion,
    Rows,
    inputs_of,
    pane_of,
    reference_of,
    rows_of,
)
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import (
    Evaluation,
    MonitorSpec,
    Signal,
    SignalKind,
    SignalState,
    Window,
)
from trimtab_stages.drift.evaluate import WindowInputs, evaluate
from trimtab_stages.drift.merge import merge
from trimtab_stages.drift.records import LabelledRows

DAY_NS = 86_400_000_000_000
ROWS = cgm_rows()
TRAINING = ROWS.take(slice(0, training_rows(ROWS)))
TESTED = np.array([[8400, 1600], [100, 900]])
"""Recall 0.9, balanced accuracy 0.87."""
CHAMPION = Champion(reference_of(TRAINING), TESTED)
WEEK = ROWS.take(slice(30_000, 32_000))


def report(inputs: WindowInputs) -> dict[str, tuple[SignalState, float | None]]:
    return {one.name: (one.state, one.value) for one in evaluate(inputs).signals}


def test_a_report_says_what_it_rests_on() -> None:
    inputs = replace(
        inputs_of(WEEK, CHAMPION),
        lost=2,
        pane_keys=["b", "a"],
        record_keys=["r"],
        feedback_keys=["g", "f"],
    )
    found = evaluate(inputs)

    assert (found.monitor, found.model, found.version) == ("cgm", "cgm", VERSION)
    assert found.reference == SNAPSHOT
    assert found.policy == digest_of(MonitorSpec())
    assert (found.start, found.rows, found.labels, found.lost) == (START, 2000, 2000, 2)
    assert (found.panes, found.records, found.feedback) == (["a", "b"], ["r"], ["f", "g"])
    assert [one.name for one in found.signals] == ["faults", "inputs", "outputs", "quality"]
    assert len(found.features) == len(ROWS.names)
    assert [one.metric for one in found.qualities] == [Metric.BALANCED_ACCURACY]


def test_a_report_is_a_function_of_its_inputs() -> None:
    first, second = (evaluate(inputs_of(WEEK, CHAMPION)) for _ in range(2))

    assert first.to_bytes() == second.to_bytes()
    assert Evaluation.from_bytes(first.to_bytes()) == first


@pytest.mark.parametrize("replicas", [1, 4, 16])
def test_replicas_together_say_what_one_would_have_said(replicas: int) -> None:
    words = np.random.default_rng(3).choice(["a", "b", "c"], (len(ROWS), 1)).astype(object)
    rows = replace(ROWS, categorical=words, categories=("kind0",))
    champion = replace(CHAMPION, reference=reference_of(rows.take(slice(0, len(TRAINING)))))
    week = rows.take(slice(30_000, 32_000))
    inputs = inputs_of(week, champion)
    pods = [week.take(np.arange(index, len(week), replicas)) for index in range(replicas)]
    panes = merge(pane_of(part, champion.reference) for part in pods)
    one, many = evaluate(inputs), evaluate(replace(inputs, panes=panes))

    assert numbers(many) == pytest.approx(numbers(one), rel=1e-12, abs=1e-300)
    assert "kind0 jensen_shannon" in numbers(one)
    assert [feature.drifted for feature in many.features] == [f.drifted for f in one.features]
    assert many.qualities == one.qualities


def numbers(found: Evaluation) -> dict[str, float]:
    """Return every statistic of the features, and the value of each signal."""
    names = ("effect", "wasserstein", "psi", "jensen_shannon", "p_value")
    told = {
        f"{feature.feature} {name}": getattr(feature, name)
        for feature in found.features
        for name in names
    }
    told |= {signal.name: signal.value for signal in found.signals}
    return {name: value for name, value in told.items() if value is not None}


def test_no_rows_leave_nothing_to_say() -> None:
    empty = inputs_of(WEEK.take(slice(0, 0)), CHAMPION)

    assert set(report(empty).values()) == {(SignalState.INVALID, None)}
    assert evaluate(empty).features == []


def test_few_rows_and_labels_are_insufficient() -> None:
    inputs = inputs_of(WEEK.take(slice(0, 150)), CHAMPION)
    found = report(inputs)

    assert found["faults"] == (SignalState.MEASURED, 0.0)
    assert found["inputs"] == found["outputs"] == (SignalState.INSUFFICIENT, None)
    assert found["quality"] == (SignalState.INSUFFICIENT, None)


def test_a_fault_takes_no_value_away() -> None:
    numeric = WEEK.numeric.copy()
    numeric[:, 0] /= 18.0156
    damaged = replace(WEEK, numeric=numeric)
    found = report(inputs_of(damaged, CHAMPION))

    assert found["faults"] == (SignalState.MEASURED, 1.0)
    assert found["inputs"][0] is found["quality"][0] is SignalState.MEASURED


def test_windows_without_labels_still_have_drift() -> None:
    none = np.zeros(0, np.int64)
    inputs = replace(inputs_of(WEEK, CHAMPION), labelled=LabelledRows(none, none))
    found = report(inputs)

    assert found["inputs"][0] is SignalState.MEASURED
    assert found["quality"] == (SignalState.INSUFFICIENT, None)
    assert evaluate(inputs).qualities == []


def spec(*signals: Signal, **window: int) -> MonitorSpec:
    return MonitorSpec(window=Window().model_copy(update=window), signals=list(signals))


def asked(*signals: Signal, rows: Rows = WEEK) -> Evaluation:
    return evaluate(inputs_of(rows, replace(CHAMPION, spec=spec(*signals))))


def test_each_metric_is_measured_once_against_its_own_reference() -> None:
    kind = SignalKind.REALISED_QUALITY
    found = asked(
        Signal(name="a", kind=kind, metric=Metric.RECALL),
        Signal(name="b", kind=kind),
        Signal(name="c", kind=kind, metric=Metric.RECALL),
        Signal(name="d", kind=kind, metric=Metric.PRECISION),
        Signal(name="e", kind=kind, metric=Metric.ROC_AUC),
    )

    precision = pytest.approx(900 / 2500)
    assert [(one.metric, one.reference, one.tested) for one in found.qualities] == [
        (Metric.RECALL, 0.9, 0.9),
        (Metric.BALANCED_ACCURACY, 0.87, 0.87),
        (Metric.PRECISION, precision, precision),
    ]
    assert [one.state for one in found.signals][3:] == [SignalState.MEASURED, SignalState.INVALID]


def test_a_champion_without_test_rows_has_no_reference() -> None:
    untested = inputs_of(WEEK, replace(CHAMPION, tested=np.zeros((2, 2), np.int64)))

    assert report(untested)["quality"] == (SignalState.INVALID, None)
    assert evaluate(untested).qualities == []


def test_each_signal_has_its_own_features_and_effect() -> None:
    kind = SignalKind.INPUT_DRIFT
    found = asked(
        Signal(name="all", kind=kind, effect=Decimal("0.01")),
        Signal(name="one", kind=kind, features=["glucose"]),
        Signal(name="none", kind=kind, features=["weight"]),
    )
    by_name = {one.name: one for one in found.signals}

    assert len(found.features) == len(ROWS.names)
    assert by_name["one"].value in {0.0, 1.0}
    assert "of 1 features" in by_name["one"].message
    assert by_name["none"].state is SignalState.INVALID
    share = sum(one.drifted for one in found.features) / len(found.features)
    assert by_name["all"].value == pytest.approx(share)


def test_scores_that_moved_are_prediction_drift() -> None:
    inverted = replace(WEEK, scores=1 - WEEK.scores)
    usual, moved = (report(inputs_of(rows, CHAMPION))["outputs"][1] for rows in (WEEK, inverted))

    assert usual is not None
    assert moved is not None
    assert usual < 0.3 < moved


def test_a_reference_without_scores_has_no_prediction_drift() -> None:
    bare = CHAMPION.reference.model_copy(update={"score_counts": [0] * 50})

    found = report(inputs_of(WEEK, replace(CHAMPION, reference=bare)))
    assert found["outputs"] == (SignalState.INVALID, None)


def test_real_decay_is_seen_and_a_healthy_stretch_is_not() -> None:
    start = TRAINING.event_ns[-1]
    stretch = [
        ROWS.take(
            np.flatnonzero(
                (ROWS.event_ns > start + first * DAY_NS)
                & (ROWS.event_ns <= start + (first + 14) * DAY_NS)
            )
        )
        for first in (14, 84)
    ]
    healthy, decayed = (
        next(one for one in evaluate(inputs_of(rows, CHAMPION)).signals if one.name == "quality")
        for rows in stretch
    )

    assert healthy.value is not None
    assert decayed.value is not None
    assert decayed.low is not None
    assert healthy.value < 0.05 < decayed.value
    assert decayed.low > 0


def test_lateness_of_the_window_is_allowed() -> None:
    event = WEEK.event_ns.copy()
    event[::20] -= 3600 * 10**9
    late = replace(WEEK, event_ns=event)
    strict = replace(CHAMPION, spec=spec(Signal(name="f", kind=SignalKind.DATA_FAULT)))
    lenient = replace(
        strict,
        spec=spec(Signal(name="f", kind=SignalKind.DATA_FAULT), allowed_lateness_seconds=7200),
    )

    assert report(inputs_of(late, strict))["f"][1] == 1.0
    assert report(inputs_of(late, lenient))["f"][1] == 0.0


def test_a_model_of_categories_alone_is_evaluated() -> None:
    words = np.random.default_rng(1).choice(["a", "b"], (400, 1)).astype(object)
    rows = rows_of(np.empty((400, 0)), [], words)
    found = report(inputs_of(rows, Champion(reference_of(rows))))

    assert found["inputs"] == (SignalState.MEASURED, 0.0)
