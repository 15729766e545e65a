"""State, value and sentence of every signal."""

from datetime import timedelta

import numpy as np
import pytest

from support.contract_samples import artifact
from support.windows import START
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import (
    DataFault,
    DataFaultKind,
    FeatureDrift,
    FirstWindow,
    Signal,
    SignalKind,
    SignalState,
    SignalValue,
)
from trimtab_stages.drift.quality_drop import Judged, judge_quality
from trimtab_stages.drift.signals import (
    drift_signal,
    fault_signal,
    no_reference,
    prediction_signal,
    quality_signal,
)

FAULT = DataFault(kind=DataFaultKind.CLOCK_SKEW, message="3.0% of 200 rows jump back")
MEASURED, INSUFFICIENT, INVALID = SignalState


def signal(kind: SignalKind) -> Signal:
    return Signal(name="s", kind=kind)


def feature(name: str, effect: float, *, drifted: bool) -> FeatureDrift:
    return FeatureDrift(feature=name, effect=effect, p_value=0.0, drifted=drifted)


FAULTS, INPUTS = signal(SignalKind.DATA_FAULT), signal(SignalKind.INPUT_DRIFT)
OUTPUTS, QUALITY = signal(SignalKind.PREDICTION_DRIFT), signal(SignalKind.REALISED_QUALITY)
MOVED = [feature("glucose", 0.41, drifted=True), feature("isig", 0.1, drifted=False)]
STILL = [feature("glucose", 0.05, drifted=False)]


def quality(wrong: int, first: FirstWindow | None = None) -> Judged | None:
    counts = np.array([[500 - wrong, wrong], [wrong, 500 - wrong]])
    tested = np.array([[9000, 1000], [1000, 9000]])
    return judge_quality(Metric.BALANCED_ACCURACY, counts, tested, first)


@pytest.mark.parametrize(
    ("found", "state", "value", "words"),
    [
        pytest.param(
            fault_signal(FAULTS, [], 200), MEASURED, 0.0, "0 faults in 200 rows", id="no fault"
        ),
        pytest.param(
            fault_signal(FAULTS, [FAULT], 200),
            MEASURED,
            1.0,
            "1 faults in 200 rows: ClockSkew: 3.0% of 200 rows jump back",
            id="a fault",
        ),
        pytest.param(
            fault_signal(FAULTS, [], 0), INVALID, None, "no row was answered", id="no rows"
        ),
        pytest.param(
            drift_signal(INPUTS, MOVED, 300, 200),
            MEASURED,
            0.5,
            "1 of 2 features drifted by more than 0.2 in 300 rows; most: glucose 0.41",
            id="one of two drifted",
        ),
        pytest.param(
            drift_signal(INPUTS, STILL, 300, 200),
            MEASURED,
            0.0,
            "0 of 1 features drifted by more than 0.2 in 300 rows; furthest: glucose 0.05",
            id="none drifted",
        ),
        pytest.param(
            drift_signal(INPUTS, MOVED, 199, 200),
            INSUFFICIENT,
            None,
            "fewer than 200: 1 of 2 features",
            id="too few rows",
        ),
        pytest.param(
            drift_signal(INPUTS, [], 300, 200),
            INVALID,
            None,
            "none of the features is in the reference",
            id="no feature",
        ),
        pytest.param(
            drift_signal(INPUTS, [], 0, 200), INVALID, None, "no row was answered", id="no window"
        ),
        pytest.param(
            prediction_signal(OUTPUTS, 0.125, 300, 200),
            MEASURED,
            0.125,
            "scores of 300 rows are 0.125 away from the reference's",
            id="scores moved",
        ),
        pytest.param(
            prediction_signal(OUTPUTS, 0.125, 20, 200),
            INSUFFICIENT,
            None,
            "fewer than 200: scores of 20 rows",
            id="too few scores",
        ),
        pytest.param(
            prediction_signal(OUTPUTS, None, 300, 200),
            INVALID,
            None,
            "reference or window has no scores",
            id="no scores",
        ),
        pytest.param(
            quality_signal(QUALITY, quality(100), 1000, 1200, 200),
            MEASURED,
            pytest.approx(0.1),
            "BalancedAccuracy 0.8000 [0.76",
            id="quality fell",
        ),
        pytest.param(
            quality_signal(QUALITY, quality(100), 1000, 1200, 2000),
            INSUFFICIENT,
            None,
            "fewer than 2000: BalancedAccuracy 0.8000",
            id="too few labels",
        ),
        pytest.param(
            quality_signal(QUALITY, None, 3, 1200, 2),
            INSUFFICIENT,
            None,
            "3 labelled rows of 1200 do not define BalancedAccuracy",
            id="labels of one class",
        ),
        pytest.param(
            quality_signal(QUALITY, None, 0, 0, 200),
            INVALID,
            None,
            "no row was answered",
            id="no rows, no quality",
        ),
        pytest.param(
            no_reference(QUALITY, 7),
            INVALID,
            None,
            "BalancedAccuracy is no metric of decisions with a test estimate",
            id="no test estimate",
        ),
    ],
)
def test_a_signal_has_a_value_only_where_it_is_measured(
    found: SignalValue, state: SignalState, value: float | None, words: str
) -> None:
    assert (found.state, found.value) == (state, value)
    assert words in found.message
    assert (found.name, found.kind) in {
        (s.name, s.kind) for s in (FAULTS, INPUTS, OUTPUTS, QUALITY)
    }


def test_quality_has_its_interval() -> None:
    found = quality_signal(QUALITY, quality(100), 1000, 1200, 200)

    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.1 < found.high
    assert found.samples == 1000
    assert "worse by +0.1000 [" in found.message


@pytest.mark.parametrize(
    ("first", "reference", "words"),
    [
        pytest.param(None, (0.9, "TestSplit"), "0.9000 of the test split: ", id="none"),
        pytest.param(
            [[480, 20], [20, 480]],
            (0.96, "FirstWindow"),
            "0.9600 of the first window, until 2026-11-03 00:00:00Z: ",
            id="better",
        ),
        pytest.param(
            [[440, 60], [60, 440]], (0.9, "TestSplit"), "0.9000 of the test split: ", id="worse"
        ),
    ],
)
def test_quality_says_what_it_is_compared_with(
    first: list[list[int]] | None, reference: tuple[float, str], words: str
) -> None:
    window = first and FirstWindow(
        end=START + timedelta(days=1), report=artifact("r"), value=0, counts=first
    )
    found = quality_signal(QUALITY, quality(100, window or None), 1000, 1200, 200)

    assert (found.reference, found.reference_of) == reference
    assert f"reference {words}" in found.message


def test_a_long_message_is_cut_to_its_limit() -> None:
    fault = DataFault(kind=DataFaultKind.CLOCK_SKEW, message="x" * 300)

    assert len(fault_signal(FAULTS, [fault] * 5, 9).message) == 512
