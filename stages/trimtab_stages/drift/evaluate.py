"""The evaluation of one window: a pure function of what was read for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

import numpy as np

from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import (
    DataFault,
    Evaluation,
    FeatureDrift,
    FirstWindow,
    MonitorSpec,
    Signal,
    SignalKind,
    SignalValue,
)
from trimtab_stages.contract.pane import Pane
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.confusion import DECISION_METRICS, count_confusion, proportions
from trimtab_stages.drift.faults import corrupt_labels, find_faults
from trimtab_stages.drift.features import Moves, judge_features, measure_moves
from trimtab_stages.drift.jensen_shannon import jensen_shannon
from trimtab_stages.drift.merge import Counts, MergedPanes
from trimtab_stages.drift.parts import window_parts
from trimtab_stages.drift.quality_drop import Judged, judge_quality
from trimtab_stages.drift.records import LabelledRows, RecordArrays
from trimtab_stages.drift.signals import (
    drift_signal,
    fault_signal,
    no_reference,
    prediction_signal,
    quality_signal,
)


@dataclass(frozen=True, slots=True)
class WindowInputs:
    """All that one evaluation depends on.

    Attributes:
        monitor: name of the DriftMonitor.
        model: name of the Model.
        version: digest of the champion that the window is judged against.
        reference: its reference profile.
        reference_digest: digest of the profile's file.
        classes: class names in index order; empty where the version decides nothing.
        tested: confusion counts of its test split, [K, K]; rows are true classes.
        spec: window and signals that are asked for.
        start: begin of the window.
        end: end of the window, exclusive.
        panes: merged panes of the window.
        buckets: the same by event-time bucket.
        records: decision records of the window.
        labelled: rows of the window whose label has returned.
        first: its first measured window by metric, as far as that is before this one.
        lost: objects whose sequence number is missing.
        pane_keys: keys of the panes that were merged.
        record_keys: keys of the decision records that were read.
        feedback_keys: keys of the labels that were read.
    """

    monitor: str
    model: str
    version: str
    reference: ReferenceProfile
    reference_digest: str
    classes: Sequence[str]
    tested: Counts
    spec: MonitorSpec
    start: datetime
    end: datetime
    panes: MergedPanes
    records: RecordArrays
    labelled: LabelledRows
    first: Mapping[Metric, FirstWindow] = field(default_factory=dict)
    lost: int = 0
    buckets: Sequence[Pane] = ()
    pane_keys: Sequence[str] = ()
    record_keys: Sequence[str] = ()
    feedback_keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured once and every signal is read from.

    Attributes:
        faults: faults of the data.
        moves: statistics of every feature.
        labels: labelled rows of the version's classes.
        judged: realised quality by metric, as far as it is asked for and defined.
        distance: Jensen-Shannon distance of the scores, None where one side has none.
    """

    faults: list[DataFault]
    moves: Moves
    labels: int
    judged: Mapping[Metric, Judged]
    distance: float | None


def evaluate(inputs: WindowInputs) -> Evaluation:
    """Return the report of a window.

    Raises:
        ValueError: the panes count a feature in other cells than the reference.
    """
    findings = _measure(inputs)
    return Evaluation(
        monitor=inputs.monitor,
        model=inputs.model,
        version=inputs.version,
        reference=inputs.reference_digest,
        policy=digest_of(inputs.spec),
        start=inputs.start,
        end=inputs.end,
        rows=inputs.panes.rows,
        labels=len(inputs.labelled),
        lost=inputs.lost,
        lost_rows=inputs.panes.lost_rows,
        panes=sorted(inputs.pane_keys),
        records=sorted(inputs.record_keys),
        feedback=sorted(inputs.feedback_keys),
        faults=findings.faults,
        features=_reported_features(inputs.spec, findings.moves),
        qualities=[judged.quality for judged in findings.judged.values()],
        signals=[_signal(signal, inputs, findings) for signal in inputs.spec.signals],
    )


def _measure(inputs: WindowInputs) -> Findings:
    reference, panes = inputs.reference, inputs.panes
    table = numeric_table(reference.numeric, panes)
    parts = window_parts(table.names, inputs.buckets)
    lateness = inputs.spec.window.allowed_lateness_seconds
    confusion = count_confusion(inputs.labelled, len(inputs.classes))
    return Findings(
        faults=[
            *find_faults(reference, table, panes, parts, inputs.records, lateness),
            *corrupt_labels(inputs.labelled, inputs.tested),
        ],
        moves=measure_moves(reference, table, panes),
        labels=int(confusion.sum()),
        judged=_judge_all(inputs, confusion),
        distance=_score_distance(reference, panes),
    )


def _score_distance(reference: ReferenceProfile, panes: MergedPanes) -> float | None:
    before = np.array([reference.score_counts], dtype=np.int64)
    if not before.any() or not panes.score_counts.any():
        return None
    return float(jensen_shannon(before, panes.score_counts[None, :])[0])


def _reported_features(spec: MonitorSpec, moves: Moves) -> list[FeatureDrift]:
    """Return every feature as the first signal about inputs judges it, or as the default would."""
    asked = (signal for signal in spec.signals if signal.kind is SignalKind.INPUT_DRIFT)
    default = Signal(name="inputs", kind=SignalKind.INPUT_DRIFT)
    signal = next(asked, default)
    return judge_features(signal.model_copy(update={"features": []}), moves)


def _judge_all(inputs: WindowInputs, confusion: Counts) -> dict[Metric, Judged]:
    """Return the metrics that are asked for and defined, in the signals' order."""
    asked = [one.metric for one in inputs.spec.signals if one.kind is SignalKind.REALISED_QUALITY]
    found = {
        metric: judge_quality(metric, confusion, inputs.tested, inputs.first.get(metric))
        for metric in asked
        if metric in DECISION_METRICS
    }
    return {metric: judged for metric, judged in found.items() if judged is not None}


def _signal(signal: Signal, inputs: WindowInputs, findings: Findings) -> SignalValue:
    rows, window = inputs.panes.rows, inputs.spec.window
    match signal.kind:
        case SignalKind.DATA_FAULT:
            return fault_signal(signal, findings.faults, rows)
        case SignalKind.INPUT_DRIFT:
            features = judge_features(signal, findings.moves)
            return drift_signal(signal, features, rows, window.min_samples)
        case SignalKind.PREDICTION_DRIFT:
            return prediction_signal(signal, findings.distance, rows, window.min_samples)
        case SignalKind.REALISED_QUALITY:
            return _quality_signal(signal, inputs, findings)
        case _:
            assert_never(signal.kind)


def _quality_signal(signal: Signal, inputs: WindowInputs, findings: Findings) -> SignalValue:
    metric, labels = signal.metric, findings.labels
    if metric not in DECISION_METRICS or proportions(metric, inputs.tested) is None:
        return no_reference(signal, labels)
    least = inputs.spec.window.min_labels
    return quality_signal(signal, findings.judged.get(metric), labels, inputs.panes.rows, least)
