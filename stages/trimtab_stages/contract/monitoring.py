"""Monitoring: signals of a window, and the evaluation report that every decision rests on."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import (
    ColumnName,
    DecimalString,
    Digest,
    ObjectName,
    StoredModel,
    StrictModel,
    UtcTime,
)
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.words import Stored


class SignalKind(StrEnum):
    """What a signal looks at."""

    DATA_FAULT = "DataFault"
    """Number of faults of the data: broken schema, changed unit, stuck sensor, missing burst,
    duplicate replay, clock skew, corrupt labels. They say nothing about the model and block
    retraining."""
    INPUT_DRIFT = "InputDrift"
    """Share of the features whose distribution has moved away from the reference."""
    PREDICTION_DRIFT = "PredictionDrift"
    """Jensen-Shannon distance of the scores from the reference's."""
    REALISED_QUALITY = "RealisedQuality"
    """Drop of a metric, computed from returned labels, under the better of the champion's test
    estimate and its first measured window."""


class Statistic(StrEnum):
    """How far a numeric feature has moved."""

    WASSERSTEIN = "Wasserstein"
    """Wasserstein-1 distance in units of the reference's standard deviation."""
    PSI = "Psi"
    """Population stability index over ten reference quantile cells."""


class Signal(StrictModel):
    """One question that is asked of every window."""

    name: ObjectName
    """Name; rules refer to it."""
    kind: SignalKind
    """DataFault, InputDrift, PredictionDrift or RealisedQuality."""
    features: Annotated[list[ColumnName], Field(max_length=512)] = []
    """For InputDrift: features that count. Default: all."""
    statistic: Statistic = Statistic.WASSERSTEIN
    """For InputDrift: Wasserstein (default) or Psi for numeric features; categories are compared
    by Jensen-Shannon distance."""
    effect: DecimalString = Field(default="0.2", validate_default=True)
    """For InputDrift: a feature has drifted when its statistic is above this and the difference
    is no chance. Default: 0.2."""
    false_discovery_rate: DecimalString = Field(default="0.01", validate_default=True)
    """For InputDrift: expected share of chance among the drifted features, 0..1
    (Benjamini-Hochberg). Default: 0.01."""
    metric: Metric = Metric.BALANCED_ACCURACY
    """For RealisedQuality: BalancedAccuracy (default), Accuracy, Recall, Precision or
    FalsePositiveRate."""


def default_signals() -> list[Signal]:
    """Return the signals of a DriftMonitor that names none."""
    return [
        Signal(name="faults", kind=SignalKind.DATA_FAULT),
        Signal(name="inputs", kind=SignalKind.INPUT_DRIFT),
        Signal(name="outputs", kind=SignalKind.PREDICTION_DRIFT),
        Signal(name="quality", kind=SignalKind.REALISED_QUALITY),
    ]


class Window(StrictModel):
    """Event-time windows: they begin at `anchor` plus any number of lengths."""

    seconds: Annotated[int, Field(ge=1, le=31_536_000)] = 86_400
    """Length, seconds; a multiple of the Model's `capture.paneSeconds`. Default: 86400, one day."""
    anchor: UtcTime = Field(default="1970-01-01T00:00:00Z", validate_default=True)
    """Where a window begins, UTC. Default: 1970-01-01T00:00:00Z."""
    allowed_lateness_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """A window closes when an event time this much after its end was seen, seconds. Default: 0."""
    min_samples: Annotated[int, Field(ge=1, le=1_000_000_000)] = 200
    """Fewer rows than this are Insufficient for drift. Default: 200."""
    min_labels: Annotated[int, Field(ge=1, le=1_000_000_000)] = 200
    """Fewer labelled rows than this are Insufficient for quality. Default: 200."""


class MonitorSpec(StrictModel):
    """What is watched, and in which windows: all that an evaluation depends on."""

    window: Window = Field(default_factory=Window)
    """Event-time windows."""
    signals: Annotated[list[Signal], Field(min_length=1, max_length=16)] = Field(
        default_factory=default_signals
    )
    """Questions asked of every window. Default: faults, inputs, outputs, quality."""


class SignalState(StrEnum):
    """Whether a signal has a value."""

    MEASURED = "Measured"
    """The value rests on enough samples."""
    INSUFFICIENT = "Insufficient"
    """Too few rows or labels."""
    INVALID = "Invalid"
    """Nothing to compare: no row was answered, or the reference lacks what is asked for."""


class QualityReference(StrEnum):
    """What a window's realised quality is compared with."""

    TEST_SPLIT = "TestSplit"
    """The champion's estimate on its test split."""
    FIRST_WINDOW = "FirstWindow"
    """The champion's realised quality in its first measured window."""


class SignalValue(StrictModel):
    """What a signal says of one window."""

    name: ObjectName
    """Name of the signal."""
    kind: SignalKind
    """Its kind."""
    state: SignalState
    """Measured, Insufficient or Invalid."""
    value: float | None = None
    """Faults, share of drifted features, distance, or drop; larger is worse."""
    low: float | None = None
    """Lower end of the value's 95 % interval, for quality."""
    high: float | None = None
    """Upper end of the value's 95 % interval, for quality."""
    reference: float | None = None
    """What the metric is compared with, for quality."""
    reference_of: QualityReference | None = None
    """Whose figure the reference is, for quality: TestSplit or FirstWindow."""
    samples: int = 0
    """Rows or labels that the value rests on."""
    message: Annotated[str, Field(max_length=512)] = ""
    """The numbers in one sentence."""


class FeatureDrift(StrictModel):
    """How far one feature has moved in one window."""

    feature: ColumnName
    """Name of the feature."""
    effect: float
    """The statistic that decides: Wasserstein, PSI or Jensen-Shannon distance."""
    wasserstein: float | None = None
    """Wasserstein-1 distance, reference standard deviations; numeric features."""
    psi: float | None = None
    """Population stability index."""
    jensen_shannon: float | None = None
    """Jensen-Shannon distance, base 2, 0..1; categories."""
    p_value: float
    """Probability of such a difference by chance."""
    drifted: bool
    """Whether effect and chance both say so."""


class DataFaultKind(StrEnum):
    """What is wrong with the data of a window."""

    SCHEMA_BREAK = "SchemaBreak"
    """A feature has lost its values, or its categories are unknown ones."""
    UNIT_CHANGE = "UnitChange"
    """A feature's values moved as a change of unit moves them."""
    STUCK_SENSOR = "StuckSensor"
    """A feature that used to vary has one value."""
    MISSING_BURST = "MissingBurst"
    """Far more values are missing than in the reference."""
    DUPLICATE_REPLAY = "DuplicateReplay"
    """Rows of the same event time were sent again."""
    CLOCK_SKEW = "ClockSkew"
    """Event times lie in the future of their arrival, or jump."""
    CORRUPT_LABELS = "CorruptLabels"
    """Returned labels contradict the surest decisions of every class."""


class DataFault(StrictModel):
    """One fault that was found in a window."""

    kind: Stored[DataFaultKind]
    """What it is."""
    feature: ColumnName | None = None
    """Feature concerned, if it is one."""
    message: Annotated[str, Field(max_length=512)]
    """The numbers in one sentence."""


class FirstWindow(StrictModel):
    """A version's realised quality in the first window that measured it."""

    end: UtcTime
    """End of that window, exclusive."""
    report: ArtifactRef
    """Its report."""
    value: float
    """The metric in it."""
    counts: list[list[int]]
    """counts[i][j]: its labelled rows of class i decided as j."""


class Quality(StrictModel):
    """Realised quality of a window: decisions against returned labels."""

    metric: Metric
    """Which metric."""
    value: float
    """Its value over the labelled rows."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end of its 95 % interval."""
    reference: float
    """What it is compared with: the better of `tested` and `first` under which the drop is no
    chance; where it may be chance under both, the better."""
    reference_of: QualityReference = QualityReference.TEST_SPLIT
    """Whose figure the reference is: TestSplit or FirstWindow."""
    tested: float | None = None
    """The champion's estimate on its test split. None in reports of old, whose reference it is."""
    first: FirstWindow | None = None
    """The champion's first measured window; None while there is none before this one."""
    labels: int
    """Labelled rows."""
    counts: list[list[int]]
    """counts[i][j]: labelled rows of class i decided as j."""


class Evaluation(StoredModel):
    """Report of one window, written once; what a decision rests on."""

    monitor: ObjectName
    """Name of the DriftMonitor."""
    model: ObjectName
    """Name of the Model."""
    version: Digest
    """Champion that the window is judged against."""
    reference: Digest
    """Digest of its reference profile's file."""
    policy: Digest
    """Digest of the window and signals that were asked for."""
    start: UtcTime
    """Begin of the window."""
    end: UtcTime
    """End of the window, exclusive."""
    closed_ns: int | None = None
    """Arrival of the row or label that closed the window, nanoseconds since 1970, UTC; what arrived
    later does not count."""
    rows: int
    """Rows answered in it."""
    labels: int
    """Rows of it, of those looked at, whose label has returned."""
    record_share: float = 1.0
    """Share of the rows whose records and labels were looked at: all, or a sample by event time of
    a very large window."""
    lost: int = 0
    """Objects before the window's newest ones whose sequence number is missing, as far as no window
    before has counted them, and objects that are not readable."""
    lost_rows: int = 0
    """Rows that killed server processes had answered and not written."""
    silent: list[str] = []
    """Server processes, `<pod>-<start>`, sorted, that have fallen silent without saying that
    nothing was unwritten, as far as no window before has named them for it: each lost at most one
    flush."""
    panes: list[str]
    """Keys of the panes that were merged, sorted."""
    compacted: ArtifactRef | None = None
    """What they say together, by bucket; stays when they are removed. None in reports of old."""
    records: list[str] = []
    """Keys of the decision records that were read, sorted."""
    feedback: list[str] = []
    """Keys of the labels that were read, sorted."""
    faults: list[DataFault] = []
    """Faults of the data."""
    features: list[FeatureDrift] = []
    """Every feature, the most drifted first."""
    qualities: list[Quality] = []
    """Realised quality, one for each metric asked for."""
    signals: list[SignalValue]
    """What every signal says."""
