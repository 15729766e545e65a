"""Status of a DriftMonitor. Two field managers write it, each its own fields.

The monitor process (`trimtab-monitor`) writes what it measured: `evaluatedThrough`, `signals` and
`evaluations`. The operator writes what it decided: everything else.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_operator.api.base import Status
from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import (
    DecimalString,
    Digest,
    ObjectName,
    StrictModel,
    UtcTime,
)
from trimtab_stages.contract.monitoring import (
    DataFault,
    QualityReference,
    SignalKind,
    SignalState,
)
from trimtab_stages.contract.words import Stored

TriggerId = Annotated[str, Field(min_length=1, max_length=128)]
Sentence = Annotated[str, Field(max_length=1024)]
Count = Annotated[int, Field(ge=0)]

WINDOWS = 12
"""Evaluations and decisions that the status keeps."""
RETRAINS = 32
"""Retrains that the status keeps."""
MONITORS_FIELDS = (("evaluatedThrough",), ("signals",), ("evaluations",))
"""Paths below `status` that the monitor process writes."""


class SignalReading(StrictModel):
    """What a signal says of one window."""

    name: ObjectName
    """Name of the signal."""
    state: Stored[SignalState]
    """Measured, Insufficient or Invalid."""
    value: DecimalString | None = None
    """Faults, share of drifted features, distance, or drop; larger is worse."""
    low: DecimalString | None = None
    """Lower end of the value's 95 % interval, for quality."""
    high: DecimalString | None = None
    """Upper end of the value's 95 % interval, for quality."""
    reference: DecimalString | None = None
    """What the metric is compared with, for quality."""
    reference_of: Stored[QualityReference] | None = None
    """Whose figure the reference is, for quality: TestSplit or FirstWindow."""
    samples: Count = 0
    """Rows or labels that the value rests on."""


class NewestReading(SignalReading):
    """What a signal says of the newest window, with its kind and one sentence."""

    kind: Stored[SignalKind]
    """Its kind."""
    message: Annotated[str, Field(max_length=512)] = ""
    """The numbers in one sentence."""


class EvaluatedWindow(StrictModel):
    """The evaluation of one window in short; its report has everything."""

    start: UtcTime
    """Begin of the window."""
    end: UtcTime
    """End of the window, exclusive."""
    version: Digest
    """Champion that the window was judged against."""
    rows: Count
    """Rows answered in it."""
    labels: Count = 0
    """Rows of it whose label has returned."""
    lost: Count = 0
    """Objects that servers wrote before the window's newest ones and that are missing or not
    readable; each counts in one window."""
    lost_rows: Count = 0
    """Rows that killed server processes had answered and not written."""
    lost_flushes: Count = 0
    """Server processes that have fallen silent without an orderly end, as a killed pod does; each
    lost at most one flush. Where one began anew in the pod, `lostRows` tells its rows besides. The
    report names them."""
    report: ArtifactRef
    """The evaluation report."""
    faults: Annotated[list[DataFault], Field(max_length=16)] = []
    """Faults of the data."""
    signals: Annotated[list[SignalReading], Field(max_length=16)]
    """What every signal says."""


class DecisionOutcome(StrEnum):
    """What was decided for a window."""

    RETRAIN = "Retrain"
    """A retrain is pending."""
    SUGGEST = "Suggest"
    """A retrain waits for a person's acceptance."""
    SUPPRESS = "Suppress"
    """A rule asks for a retrain, and a guard or the mode keeps it from being started."""
    ALERT = "Alert"
    """A rule asks for a person's attention."""
    HOLD_RETRAINING = "HoldRetraining"
    """A rule says that the data is at fault."""
    WAIT = "Wait"
    """Nothing is due."""


class MonitorDecision(StrictModel):
    """What was decided for one window."""

    window_end: UtcTime
    """End of the window."""
    outcome: Stored[DecisionOutcome]
    """Retrain, Suggest, Suppress, Alert, HoldRetraining or Wait."""
    reason: Stored[DecisionReason]
    """Why."""
    message: Sentence
    """The numbers in plain words."""
    rule: ObjectName | None = None
    """Rule that decided."""
    version: Digest
    """Champion that the window was judged against."""
    trigger_id: TriggerId
    """Identity of the decision, and of the run that it may start."""
    holding: Annotated[list[ObjectName], Field(max_length=16)] = []
    """Rules whose condition holds after this window, hysteresis included."""
    time: UtcTime
    """When it was decided."""


class PendingRetrain(StrictModel):
    """A retrain that was decided or suggested."""

    trigger_id: TriggerId
    """Identity of the run's cause."""
    window_end: UtcTime
    """End of the window that it was decided for."""
    baseline: Digest
    """Champion that the window was judged against."""
    message: Sentence
    """The cause in plain words."""
    since: UtcTime
    """When it was decided or suggested."""


class RetrainState(StrEnum):
    """What came of a retrain."""

    PENDING = "Pending"
    """Its run has not started."""
    RUNNING = "Running"
    """Its run is at work."""
    PASSED = "Passed"
    """Its run passed its gates."""
    FAILED = "Failed"
    """Its run ended without a commit, or its gates did not pass; or the ingest of the captured rows
    that it was to be trained on failed."""
    ROLLED_BACK = "RolledBack"
    """Its run passed its gates, and what it made was rolled back."""
    WITHDRAWN = "Withdrawn"
    """Its run never started: the version that it was decided for no longer serves."""
    DELETED = "Deleted"
    """Its run was deleted before it ended, alone or with its Pipeline or Model."""


class Retrain(StrictModel):
    """One retrain and what came of it."""

    trigger_id: TriggerId
    """Identity of the run's cause."""
    window_end: UtcTime
    """End of the window that it was decided for."""
    time: UtcTime
    """When it was decided, or accepted."""
    state: Stored[RetrainState] = RetrainState.PENDING
    """Pending, Running, Passed, Failed, RolledBack, Withdrawn or Deleted."""
    run: Annotated[str, Field(max_length=63)] | None = None
    """PipelineRun that serves it."""
    end_time: UtcTime | None = None
    """When it ended."""
    reason: Annotated[str, Field(max_length=128)] | None = None
    """Why it ended, in one word, where no run tells."""
    message: Sentence | None = None
    """Why it ended, with the next step, where no run tells."""


class SuppressedCount(StrictModel):
    """How often one reason has suppressed a retrain."""

    reason: Stored[DecisionReason]
    """Why."""
    count: Annotated[int, Field(ge=1)]
    """Windows."""


class Breaker(StrictModel):
    """Whether failed retrains in a row have ended retraining."""

    open: bool = False
    """No retrain is decided until a person resets the breaker."""
    failures: Count = 0
    """Failed retrains in a row."""
    reset_time: UtcTime | None = None
    """When a person last reset it; failures before do not count."""
    last_handled_reset: Annotated[str, Field(max_length=256)] | None = None
    """Value of the annotation `trimtab.dev/reset-breaker` that was last acted on."""


class DriftMonitorStatus(Status):
    """What was measured and decided."""

    evaluated_through: UtcTime | None = None
    """End of the newest evaluated window. Written by the monitor."""
    signals: Annotated[list[NewestReading], Field(max_length=16)] = []
    """Newest values by signal. Written by the monitor."""
    evaluations: Annotated[list[EvaluatedWindow], Field(max_length=WINDOWS)] = []
    """Newest evaluations, newest last. Written by the monitor."""
    decision: MonitorDecision | None = None
    """Newest decision."""
    decisions: Annotated[list[MonitorDecision], Field(max_length=WINDOWS)] = []
    """Newest decisions, newest last."""
    suggestion: PendingRetrain | None = None
    """Retrain that waits for a person: `kubectl trimtab accept driftmonitor/NAME`."""
    pending: PendingRetrain | None = None
    """Retrain that was decided and has not ended."""
    retrains: Annotated[list[Retrain], Field(max_length=RETRAINS)] = []
    """Newest retrains, newest last."""
    suppressed: Annotated[
        list[SuppressedCount],
        Field(
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["reason"],
            },
        ),
    ] = []
    """Suppressed retrains, by reason."""
    breaker: Breaker = Field(default_factory=Breaker)
    """Circuit breaker of retraining."""
    last_handled_acceptance: TriggerId | None = None
    """Value of the annotation `trimtab.dev/accept` that was last acted on."""
