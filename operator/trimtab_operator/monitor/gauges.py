"""Keeps the series of every DriftMonitor in step with its newest window, and ends them with it."""

import contextlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import Counter, Gauge

from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.monitor.targets import Target
from trimtab_operator.monitor.uncounted import REASONS
from trimtab_stages.contract.monitoring import (
    Evaluation,
    FeatureDrift,
    Quality,
    SignalKind,
    SignalState,
    SignalValue,
)
from trimtab_stages.drift.quality_drop import worse_by

MOST_FEATURES = 50
OTHER = "__other__"
"""Stands for the features beyond the bound: the largest of their values."""
SCORE = "__score__"
RESULTS = ("ok", "faulty", "error")
"""How an evaluation may end."""

Series = tuple[Gauge, tuple[str, ...]]
Counted = tuple[Counter, tuple[str, ...]]


class Gauges:
    """Sets the gauges of DriftMonitors.

    Args:
        metrics: where to.
        clock: seconds since 1970.
    """

    def __init__(self, metrics: MonitorMetrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._shown: dict[tuple[str, str], set[Series]] = {}
        self._begun: dict[tuple[str, str], set[Counted]] = {}

    def begin(self, target: Target) -> None:
        """Let counters begin at 0: one whose first value is 1 hides that event from `increase`."""
        place, counted = (target.namespace, target.name), set(self._counted(target))
        _remove(self._begun.get(place, set()) - counted)
        for counter, labels in counted:
            counter.labels(*labels)
        self._begun[place] = counted

    def count_lost(self, target: Target, evaluation: Evaluation) -> None:
        """Count what a window says is lost."""
        for counter, lost in (
            (self._metrics.lost_objects, evaluation.lost),
            (self._metrics.lost_rows, evaluation.lost_rows),
            (self._metrics.lost_flushes, len(evaluation.silent)),
        ):
            counter.labels(target.namespace, target.name, target.model).inc(lost)

    def show(self, target: Target, evaluation: Evaluation) -> None:
        """Set the series of a DriftMonitor to those of its newest window, and remove the others."""
        labels = (target.namespace, target.name, target.model)
        values = dict(self._values(labels, target, evaluation))
        place = (target.namespace, target.name)
        _remove(self._shown.get(place, set()) - values.keys())
        for (gauge, names), value in values.items():
            gauge.labels(*names).set(value)
        self._shown[place] = set(values)

    def keep(self, places: Iterable[tuple[str, str]]) -> None:
        """Remove the series of all DriftMonitors but these (namespace, name)."""
        kept = set(places)
        for gone in self._shown.keys() - kept:
            _remove(self._shown.pop(gone))
        for gone in self._begun.keys() - kept:
            _remove(self._begun.pop(gone))

    def _counted(self, target: Target) -> Iterator[Counted]:
        metrics, place = self._metrics, (target.namespace, target.name)
        for result in RESULTS:
            yield metrics.evaluations, (*place, result)
        for reason in REASONS:
            yield metrics.uncounted, (*place, reason)
        for counter in (metrics.lost_objects, metrics.lost_rows, metrics.lost_flushes):
            yield counter, (*place, target.model)

    def _values(
        self, labels: tuple[str, ...], target: Target, evaluation: Evaluation
    ) -> Iterator[tuple[Series, float]]:
        metrics, rows = self._metrics, evaluation.rows
        looked_at = rows * evaluation.record_share
        yield (metrics.samples, labels), rows
        yield (metrics.coverage, labels), evaluation.labels / looked_at if rows else math.nan
        yield (metrics.faults, labels), len(evaluation.faults)
        yield (metrics.last_evaluation, labels), self._clock()
        yield (metrics.period, labels), target.policy.window.seconds
        for signal in evaluation.signals:
            yield from self._signal_values(labels, signal)
        measured = _are_measured(evaluation, SignalKind.INPUT_DRIFT)
        yield from self._feature_values(labels, evaluation.features, measured=measured)
        measured = _are_measured(evaluation, SignalKind.REALISED_QUALITY)
        for quality in evaluation.qualities:
            yield from self._quality_values((*labels, quality.metric), quality, measured=measured)

    def _signal_values(
        self, labels: tuple[str, ...], signal: SignalValue
    ) -> Iterator[tuple[Series, float]]:
        match signal.kind:
            case SignalKind.INPUT_DRIFT:
                yield (self._metrics.share, (*labels, signal.name)), _value(signal)
            case SignalKind.PREDICTION_DRIFT:
                yield (self._metrics.js, (*labels, SCORE)), _value(signal)
            case _:
                pass

    def _feature_values(
        self, labels: tuple[str, ...], features: Sequence[FeatureDrift], *, measured: bool
    ) -> Iterator[tuple[Series, float]]:
        metrics = self._metrics
        together: defaultdict[Series, list[float]] = defaultdict(list)
        for position, feature in enumerate(features):
            name = feature.feature if position < MOST_FEATURES else OTHER
            for gauge, value in (
                (metrics.wasserstein, feature.wasserstein),
                (metrics.psi, feature.psi),
                (metrics.js, feature.jensen_shannon),
                (metrics.detected, float(feature.drifted)),
            ):
                if value is not None:
                    together[gauge, (*labels, name)].append(value if measured else math.nan)
        for series, values in together.items():
            yield series, max(values)

    def _quality_values(
        self, labels: tuple[str, ...], quality: Quality, *, measured: bool
    ) -> Iterator[tuple[Series, float]]:
        metrics = self._metrics
        lost = worse_by(quality.metric, quality.value, quality.reference)
        yield (metrics.quality_reference, labels), quality.reference
        yield (metrics.quality, labels), quality.value if measured else math.nan
        yield (metrics.quality_drop, labels), lost if measured else math.nan


def _value(signal: SignalValue) -> float:
    is_measured = signal.state is SignalState.MEASURED and signal.value is not None
    return signal.value if is_measured and signal.value is not None else math.nan


def _are_measured(evaluation: Evaluation, kind: SignalKind) -> bool:
    signals = [signal for signal in evaluation.signals if signal.kind is kind]
    return any(signal.state is SignalState.MEASURED for signal in signals)


def _remove(series: Iterable[Series | Counted]) -> None:
    for metric, labels in series:
        with contextlib.suppress(KeyError):
            metric.remove(*labels)
