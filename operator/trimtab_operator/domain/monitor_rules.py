"""Contradictions in a DriftMonitor's spec, with itself and with what it watches."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitorSpec, RuleOutcome
from trimtab_operator.api.model import Model
from trimtab_operator.domain.features import category_features, numeric_features
from trimtab_operator.domain.spec_fault import Interval, SpecFault, outside
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import Signal, SignalKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWN_FEATURES = 20
"""More features than these are not listed in a message."""
REALISED = (
    Metric.BALANCED_ACCURACY,
    Metric.ACCURACY,
    Metric.RECALL,
    Metric.PRECISION,
    Metric.FALSE_POSITIVE_RATE,
)
"""Metrics that decisions and labels give."""
DRIFT_FIELDS = ("features", "statistic", "effect", "false_discovery_rate")
QUALITY_FIELDS = ("metric",)


def monitor_faults(
    spec: DriftMonitorSpec, model: Model | None, dataset: Dataset | None
) -> list[SpecFault]:
    """Return everything that contradicts itself, the Model or its Dataset.

    Args:
        spec: of the DriftMonitor.
        model: the Model; None where it is not known.
        dataset: what its Pipeline trains on; None where there is none.
    """
    return [
        *repeated_names(spec),
        *unknown_signals(spec),
        *impossible_signals(spec),
        *(split_panes(spec, model) if model is not None else ()),
        *(unknown_features(spec, dataset) if dataset is not None else ()),
    ]


def monitor_doubts(spec: DriftMonitorSpec) -> list[SpecFault]:
    """Return the first rule that retrains also where the data is at fault, if there is one.

    The first rule that holds decides. So any rule on faults before it, one that alerts as well,
    takes the windows with faults away from it.
    """
    kinds = {signal.name: signal.kind for signal in spec.signals}
    on_faults = [name for name, kind in kinds.items() if kind is SignalKind.DATA_FAULT]
    for place, rule in enumerate(spec.rules):
        if rule.signal in on_faults:
            break
        if rule.outcome is RuleOutcome.RETRAIN:
            signal = f"signal `{on_faults[0]}`" if on_faults else "a signal of kind DataFault"
            words = (
                f"rule `{rule.name}` retrains also where the data, not the model, is at fault; "
                f"put a rule on {signal} with outcome HoldRetraining before it"
            )
            return [SpecFault(f"spec.rules[{place}]", words)]
    return []


def repeated_names(spec: DriftMonitorSpec) -> Iterator[SpecFault]:
    """Yield names that two signals or two rules have."""
    named = {
        "signals": [signal.name for signal in spec.signals],
        "rules": [rule.name for rule in spec.rules],
    }
    for field, names in named.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield SpecFault(f"spec.{field}", f"`{name}` is there {count} times; rename one")


def unknown_signals(spec: DriftMonitorSpec) -> Iterator[SpecFault]:
    """Yield rules on signals that are not there, or that cannot ask for what they ask."""
    kinds = {signal.name: signal.kind for signal in spec.signals}
    for place, rule in enumerate(spec.rules):
        field = f"spec.rules[{place}]"
        if rule.value < 0:
            yield SpecFault(f"{field}.value", "must not be below 0")
        if rule.signal not in kinds:
            words = f"`{rule.signal}` is none of `spec.signals`: {', '.join(kinds)}"
            yield SpecFault(f"{field}.signal", words)
        elif kinds[rule.signal] is SignalKind.DATA_FAULT and rule.outcome is RuleOutcome.RETRAIN:
            words = "faults of the data say nothing about the model; write HoldRetraining or Alert"
            yield SpecFault(f"{field}.outcome", words)


def impossible_signals(spec: DriftMonitorSpec) -> Iterator[SpecFault]:
    """Yield signal fields that mean nothing for their kind, and numbers out of range."""
    for place, signal in enumerate(spec.signals):
        field = f"spec.signals[{place}]"
        yield from _misplaced(field, signal)
        if signal.effect < 0:
            yield SpecFault(f"{field}.effect", "must not be below 0")
        rate = signal.false_discovery_rate
        yield from outside([Interval(f"{field}.falseDiscoveryRate", rate, "0", "1")])
        if signal.metric not in REALISED:
            words = f"{signal.metric} needs scores of all rows; choose one of {', '.join(REALISED)}"
            yield SpecFault(f"{field}.metric", words)


def _misplaced(field: str, signal: Signal) -> Iterator[SpecFault]:
    plain = Signal(name=signal.name, kind=signal.kind)
    for kind, names in (
        (SignalKind.INPUT_DRIFT, DRIFT_FIELDS),
        (SignalKind.REALISED_QUALITY, QUALITY_FIELDS),
    ):
        for name in names:
            if signal.kind is not kind and getattr(signal, name) != getattr(plain, name):
                alias = Signal.model_fields[name].alias
                yield SpecFault(f"{field}.{alias}", f"belongs to kind {kind}")


def split_panes(spec: DriftMonitorSpec, model: Model) -> Iterator[SpecFault]:
    """Yield window edges that would cut through a pane of statistics."""
    pane = model.spec.capture.pane_seconds
    told = f"Model `{model.metadata.name}` keeps statistics in buckets of {pane} seconds"
    if spec.window.seconds % pane:
        words = f"{told}; {spec.window.seconds} must be a multiple of it"
        yield SpecFault("spec.window.seconds", words)
    since = spec.window.anchor - EPOCH
    if since.total_seconds() % pane:
        yield SpecFault("spec.window.anchor", f"{told} since 1970; it must be the edge of one")


def unknown_features(spec: DriftMonitorSpec, dataset: Dataset) -> Iterator[SpecFault]:
    """Yield features of InputDrift signals that the Model does not have."""
    known = [*numeric_features(dataset.spec), *category_features(dataset.spec)]
    for place, signal in enumerate(spec.signals):
        for name in signal.features:
            if name not in known:
                told = ", ".join(known[:SHOWN_FEATURES])
                words = f"`{name}` is no feature of Dataset `{dataset.metadata.name}`: {told}"
                yield SpecFault(f"spec.signals[{place}].features", words)
