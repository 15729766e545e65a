"""What each signal says of a window: state, value and one sentence with the numbers.

A data fault or a lost pane takes no value away: what was measured stays measured, and the rules
hold retraining back. Invalid is only what has nothing to be computed from.
"""

from collections.abc import Sequence

from trimtab_stages.contract.monitoring import (
    DataFault,
    FeatureDrift,
    QualityReference,
    Signal,
    SignalState,
    SignalValue,
)
from trimtab_stages.drift.quality_drop import Judged

_NAMED = 3
"""Drifted features, or faults, that a message names."""
_LONGEST = 512


def fault_signal(signal: Signal, faults: Sequence[DataFault], rows: int) -> SignalValue:
    """Return the number of faults, and what they are."""
    if not rows:
        return _no_rows(signal)
    named = "; ".join(f"{fault.kind}: {fault.message}" for fault in faults[:_NAMED])
    words = f"{len(faults)} faults in {rows} rows" + (f": {named}" if faults else "")
    return _measured(signal, float(len(faults)), rows, words)


def drift_signal(
    signal: Signal, features: Sequence[FeatureDrift], rows: int, least: int
) -> SignalValue:
    """Return the share of drifted features.

    Args:
        signal: what is asked.
        features: the features that it asks for, the most drifted first.
        rows: rows of the window.
        least: fewer rows are Insufficient.
    """
    if not rows:
        return _no_rows(signal)
    if not features:
        return _invalid(signal, rows, "none of the features is in the reference with a value")
    drifted = [feature for feature in features if feature.drifted]
    share = len(drifted) / len(features)
    named = ", ".join(f"{one.feature} {one.effect:.2f}" for one in (drifted or features)[:_NAMED])
    words = (
        f"{len(drifted)} of {len(features)} features drifted by more than {signal.effect} in "
        f"{rows} rows; {'most' if drifted else 'furthest'}: {named}"
    )
    return _sized(signal, share, rows, least, words)


def prediction_signal(signal: Signal, distance: float | None, rows: int, least: int) -> SignalValue:
    """Return the Jensen-Shannon distance of the scores; None where one side has no scores."""
    if not rows:
        return _no_rows(signal)
    if distance is None:
        return _invalid(signal, rows, "reference or window has no scores")
    words = f"scores of {rows} rows are {distance:.3f} away from the reference's"
    return _sized(signal, distance, rows, least, words)


def quality_signal(
    signal: Signal, judged: Judged | None, labels: int, rows: int, least: int
) -> SignalValue:
    """Return the drop of a metric under its reference, with its 95 % interval.

    Args:
        signal: what is asked.
        judged: its metric and by how much that is worse; None where the labels do not define it.
        labels: labelled rows.
        rows: rows of the window.
        least: fewer labels are Insufficient.
    """
    if not rows:
        return _no_rows(signal)
    if judged is None:
        words = f"{labels} labelled rows of {rows} do not define {signal.metric}"
        return _value(signal, SignalState.INSUFFICIENT, labels, words)
    quality, drop = judged.quality, judged.drop
    words = (
        f"{signal.metric} {quality.value:.4f} [{quality.low:.4f}, {quality.high:.4f}] on {labels} "
        f"labelled rows, {_reference(judged)}: worse by {drop.value:+.4f} "
        f"[{drop.low:+.4f}, {drop.high:+.4f}]"
    )
    found = _sized(signal, drop.value, labels, least, words)
    if found.state is not SignalState.MEASURED:
        return found
    compared = {"reference": drop.reference, "reference_of": drop.reference_of}
    return found.model_copy(update={"low": drop.low, "high": drop.high, **compared})


def _reference(judged: Judged) -> str:
    first, whose = judged.quality.first, "test split"
    if first is not None and judged.drop.reference_of is QualityReference.FIRST_WINDOW:
        whose = f"first window, until {first.end:%Y-%m-%d %H:%M:%SZ}"
    return f"reference {judged.drop.reference:.4f} of the {whose}"


def no_reference(signal: Signal, labels: int) -> SignalValue:
    """Return that a champion has no test estimate of the metric."""
    words = f"{signal.metric} is no metric of decisions with a test estimate of the champion"
    return _invalid(signal, labels, words)


def _no_rows(signal: Signal) -> SignalValue:
    return _invalid(signal, 0, "no row was answered in this window")


def _sized(signal: Signal, value: float, samples: int, least: int, words: str) -> SignalValue:
    if samples < least:
        sentence = f"fewer than {least}: {words}"
        return _value(signal, SignalState.INSUFFICIENT, samples, sentence)
    return _measured(signal, value, samples, words)


def _measured(signal: Signal, value: float, samples: int, words: str) -> SignalValue:
    found = _value(signal, SignalState.MEASURED, samples, words)
    return found.model_copy(update={"value": value})


def _invalid(signal: Signal, samples: int, words: str) -> SignalValue:
    return _value(signal, SignalState.INVALID, samples, words)


def _value(signal: Signal, state: SignalState, samples: int, words: str) -> SignalValue:
    return SignalValue(
        name=signal.name,
        kind=signal.kind,
        state=state,
        samples=samples,
        message=words[:_LONGEST],
    )
