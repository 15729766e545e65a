"""DriftMonitor: what is watched on a Model, and what follows from it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_operator.api.base import LocalRef, ObjectMeta
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_stages.contract.base import DecimalString, ObjectName, StrictModel
from trimtab_stages.contract.monitoring import MonitorSpec


class Mode(StrEnum):
    """What may follow from a rule without a person."""

    OBSERVE = "Observe"
    """Nothing: values, conditions and alerts alone."""
    SUGGEST = "Suggest"
    """A retrain is suggested; `kubectl trimtab accept driftmonitor/NAME` starts it."""
    ACT = "Act"
    """A retrain is started."""


class Comparison(StrEnum):
    """How a signal's value is compared with a rule's."""

    ABOVE = "Above"
    """Greater than the rule's value."""
    AT_LEAST = "AtLeast"
    """Greater than or equal to the rule's value."""


class RuleOutcome(StrEnum):
    """What a rule asks for where it holds."""

    RETRAIN = "Retrain"
    """A run of the Model's Pipeline, unless a guard suppresses it."""
    ALERT = "Alert"
    """A Warning event, the condition Drifted, a record."""
    HOLD_RETRAINING = "HoldRetraining"
    """No retraining while it holds: the data, not the model, is at fault."""


class DecisionRule(StrictModel):
    """Asks for something where a signal passes a value in consecutive windows.

    RealisedQuality is compared with the champion's test split and with its first measured window:
    the larger drop counts, of those that are no chance. A rule on it holds only where the drop is
    no chance: the lower end of its 95 % interval is above 0.
    """

    name: ObjectName
    """Name, shown in decisions."""
    signal: ObjectName
    """Name of the signal."""
    operator: Comparison = Comparison.ABOVE
    """Above (default) or AtLeast."""
    value: DecimalString
    """What the signal's value is compared with, in the signal's unit: a number of faults, a share
    of features 0..1, a distance 0..1, or a drop of the metric."""
    for_windows: Annotated[int, Field(ge=1, le=12)] = 1
    """Consecutive windows of one version in which it must hold before it acts, and in which it must
    not hold before its condition is cleared. Default: 1."""
    outcome: RuleOutcome
    """Retrain, Alert or HoldRetraining."""


def default_rules() -> list[DecisionRule]:
    """Return the rules of a DriftMonitor that names none."""
    return [
        DecisionRule.model_validate(rule)
        for rule in (
            {
                "name": "data-fault",
                "signal": "faults",
                "operator": "AtLeast",
                "value": "1",
                "outcome": "HoldRetraining",
            },
            {"name": "quality-drop", "signal": "quality", "value": "0.05", "outcome": "Retrain"},
            {
                "name": "input-drift",
                "signal": "inputs",
                "value": "0.25",
                "forWindows": 2,
                "outcome": "Alert",
            },
        )
    ]


class Guards(StrictModel):
    """What keeps a retrain from being decided although a rule asks for it."""

    cooldown_windows: Annotated[int, Field(ge=0, le=11)] = 1
    """Windows after a promotion, or after a window that a retrain was decided for, that decide no
    retrain; event time. Default: 1."""
    max_runs_per_30_days: Annotated[int, Field(ge=0, le=30)] = 4
    """Retrains of the Model within 30 days of wall time, whichever of its DriftMonitors decided
    them; what a person accepts is counted and never stopped. Default: 4."""
    failure_backoff_seconds: Annotated[int, Field(ge=0, le=604_800)] = 3600
    """Pause after a retrain that failed or did not pass its gates, seconds of wall time; doubles
    with each further one, up to 7 days. Default: 3600, one hour."""
    breaker_failures: Annotated[int, Field(ge=1, le=20)] = 3
    """After so many failed retrains in a row none is decided any more, until a person sets the
    annotation `trimtab.dev/reset-breaker` to a new value. Default: 3."""


class DriftMonitorSpec(MonitorSpec):
    """Which Model is watched, by which signals, and what follows."""

    model_ref: LocalRef
    """Model of this namespace that is watched. Never changes."""
    mode: Mode = Mode.SUGGEST
    """Observe, Suggest (default) or Act."""
    rules: Annotated[list[DecisionRule], Field(max_length=16)] = Field(
        default_factory=default_rules
    )
    """What follows from the signals; the first rule that holds decides. Default: faults hold
    retraining, a drop of quality above 0.05 retrains, drift of a quarter of the inputs in two
    windows alerts."""
    guards: Guards = Field(default_factory=Guards)
    """What keeps a retrain from being decided."""
    suspend: bool = False
    """Decide nothing; windows that close meanwhile are passed over. Default: false."""

    def watched(self) -> MonitorSpec:
        """Return the windows and signals alone: all that an evaluation depends on."""
        names = set(MonitorSpec.model_fields)
        return MonitorSpec.model_validate(self.model_dump(include=names))


class DriftMonitor(StrictModel):
    """A DriftMonitor object."""

    metadata: ObjectMeta
    """Metadata."""
    spec: DriftMonitorSpec
    """Desired state."""
    status: DriftMonitorStatus = Field(default_factory=DriftMonitorStatus)
    """Observed state."""
