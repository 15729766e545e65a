"""Gate rules as pure functions.

CLI, training and operator call `judge`; only the operator's result promotes.
"""

from enum import StrEnum
from typing import Annotated, Self, assert_never

from pydantic import Field, model_validator

from trimtab_stages.contract.base import DecimalString, ObjectName, StrictModel
from trimtab_stages.contract.words import Stored


class Metric(StrEnum):
    """Quality metrics, computed on the test split. Terms as in scikit-learn."""

    BALANCED_ACCURACY = "BalancedAccuracy"
    """Mean of the recalls of all classes."""
    ACCURACY = "Accuracy"
    """Share of right decisions."""
    ROC_AUC = "RocAuc"
    """Area under the ROC curve."""
    AVERAGE_PRECISION = "AveragePrecision"
    """Area under the precision-recall curve."""
    RECALL = "Recall"
    """True positives / positives."""
    PRECISION = "Precision"
    """True positives / flagged."""
    FALSE_POSITIVE_RATE = "FalsePositiveRate"
    """False positives / negatives; smaller is better."""
    LOG_LOSS = "LogLoss"
    """Mean negative log-likelihood, nats; smaller is better."""
    CALIBRATION_ERROR = "CalibrationError"
    """Expected calibration error over ten equal-mass bins; smaller is better."""


SMALLER_IS_BETTER = frozenset(
    {Metric.FALSE_POSITIVE_RATE, Metric.LOG_LOSS, Metric.CALIBRATION_ERROR}
)


class GateKind(StrEnum):
    """What a gate looks at."""

    METRIC = "Metric"
    """An absolute bound on a metric of the test split."""
    NON_INFERIORITY = "NonInferiority"
    """The challenger is not worse than the champion by more than a margin, on the same rows."""
    PARITY = "Parity"
    """The exported graph answers as the trained model does."""
    LEARNING_CURVE = "LearningCurve"
    """The validation loss at the kept epoch is not far above the training loss."""
    INFORMATION_LOSS = "InformationLoss"
    """No lever loses more than its own limit."""


class Gate(StrictModel):
    """One rule that a candidate must pass."""

    name: ObjectName
    """Name of the gate; appears in status, events and the audit log."""
    kind: GateKind
    """Metric, NonInferiority, Parity, LearningCurve or InformationLoss."""
    metric: Metric | None = None
    """Metric of kinds Metric and NonInferiority. Default: none."""
    min: DecimalString | None = None
    """For Metric: smallest allowed value. Passed when the whole 95 % interval lies above it,
    Failed when it lies below, else Inconclusive. Default: none."""
    max: DecimalString | None = None
    """For Metric: largest allowed value, likewise; for Parity: largest absolute difference of a
    score (default 0.0001); for LearningCurve: largest ratio of validation to training loss
    (default 2). Default: none."""
    margin: DecimalString | None = None
    """For NonInferiority: by how much the challenger may be worse, in the metric's unit. The lower
    95 % bound of challenger - champion must lie above -margin, on test rows that are newer than the
    champion's training; where fewer than 100 are, on all, and then nothing fails. Default: 0.01."""
    min_samples: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100
    """Fewer test rows than this are Inconclusive. Default: 100."""

    @model_validator(mode="after")
    def _fields_fit_the_kind(self) -> Self:
        needs_metric = self.kind in {GateKind.METRIC, GateKind.NON_INFERIORITY}
        if needs_metric != (self.metric is not None):
            raise ValueError(
                f"gate `{self.name}`: `metric` must be set for kinds Metric and NonInferiority, "
                "and for them alone"
            )
        if self.kind is GateKind.METRIC and (self.min is None) == (self.max is None):
            raise ValueError(f"gate `{self.name}`: kind Metric needs one of `min` and `max`")
        if self.min is not None and self.kind is not GateKind.METRIC:
            raise ValueError(f"gate `{self.name}`: `min` belongs to kind Metric")
        if self.margin is not None and self.kind is not GateKind.NON_INFERIORITY:
            raise ValueError(f"gate `{self.name}`: `margin` belongs to kind NonInferiority")
        bounded = {GateKind.METRIC, GateKind.PARITY, GateKind.LEARNING_CURVE}
        if self.max is not None and self.kind not in bounded:
            raise ValueError(f"gate `{self.name}`: `max` does not belong to kind {self.kind}")
        return self


def default_gates() -> list[Gate]:
    """Return the gates of a Pipeline that names none."""
    return [
        Gate(name="parity", kind=GateKind.PARITY),
        Gate(
            name="not-worse",
            kind=GateKind.NON_INFERIORITY,
            metric=Metric.BALANCED_ACCURACY,
        ),
    ]


class Estimate(StrictModel):
    """A metric with its 95 % interval (bootstrap over blocks of rows)."""

    metric: Metric
    """Which metric."""
    value: float
    """Point estimate."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end of the 95 % interval."""
    samples: int
    """Rows."""


class LeverLoss(StrictModel):
    """What one lever loses and costs."""

    name: ObjectName
    """Name of the lever."""
    loss: float
    """Information loss, 0..1."""
    limit: float | None = None
    """Declared limit."""
    columns_in: int
    """Width before."""
    columns_out: int
    """Width after."""
    seconds: float = 0.0
    """Measured time to transform the training split."""


class Evidence(StrictModel):
    """Everything that gates look at."""

    estimates: list[Estimate] = []
    """Metrics of the candidate on the test split."""
    versus_champion: list[Estimate] | None = None
    """Paired differences challenger - champion on the same rows; none without a champion."""
    champion_favoured: bool = False
    """Whether the champion has learnt from rows that were compared: not to be worse even there is
    proof, to be worse is none."""
    parity_max_abs_error: float | None = None
    """Largest absolute difference between ONNX and torch scores."""
    parity_rows: int = 0
    """Rows compared for parity."""
    train_loss: float | None = None
    """Training loss at the kept epoch."""
    validation_loss: float | None = None
    """Validation loss at the kept epoch, after the recalibration that early stopping looks at."""
    levers: list[LeverLoss] = []
    """Loss of every lever."""


class Outcome(StrEnum):
    """What a gate says. Only Passed promotes."""

    PASSED = "Passed"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"


class GateResult(StrictModel):
    """A gate's outcome with its numbers and one sentence."""

    name: ObjectName
    """Name of the gate."""
    kind: Stored[GateKind]
    """Kind of the gate."""
    outcome: Stored[Outcome]
    """Passed, Failed or Inconclusive."""
    message: Annotated[str, Field(max_length=512)]
    """The numbers in one sentence."""


def judge(gates: list[Gate], evidence: Evidence) -> list[GateResult]:
    """Return every gate's result, in the gates' order."""
    return [_judge_one(gate, evidence) for gate in gates]


def overall(results: list[GateResult]) -> Outcome:
    """Return Failed if any gate failed, Passed if all passed, else Inconclusive.

    An outcome that is not known here is no pass.
    """
    outcomes = {result.outcome for result in results}
    if Outcome.FAILED in outcomes:
        return Outcome.FAILED
    return Outcome.PASSED if outcomes <= {Outcome.PASSED} else Outcome.INCONCLUSIVE


def _judge_one(gate: Gate, evidence: Evidence) -> GateResult:
    match gate.kind:
        case GateKind.METRIC:
            return _judge_metric(gate, evidence)
        case GateKind.NON_INFERIORITY:
            return _judge_non_inferiority(gate, evidence)
        case GateKind.PARITY:
            return _judge_parity(gate, evidence)
        case GateKind.LEARNING_CURVE:
            return _judge_learning_curve(gate, evidence)
        case GateKind.INFORMATION_LOSS:
            return _judge_information_loss(gate, evidence)
        case _:
            assert_never(gate.kind)


def _result(gate: Gate, outcome: Outcome, message: str) -> GateResult:
    return GateResult(name=gate.name, kind=gate.kind, outcome=outcome, message=message)


def _find(estimates: list[Estimate], metric: Metric | None) -> Estimate | None:
    return next((estimate for estimate in estimates if estimate.metric is metric), None)


def _judge_metric(gate: Gate, evidence: Evidence) -> GateResult:
    estimate = _find(evidence.estimates, gate.metric)
    if estimate is None:
        return _result(gate, Outcome.INCONCLUSIVE, f"{gate.metric} was not measured")
    numbers = (
        f"{gate.metric} {estimate.value:.4f} [{estimate.low:.4f}, {estimate.high:.4f}] "
        f"on {estimate.samples} rows"
    )
    if estimate.samples < gate.min_samples:
        return _result(gate, Outcome.INCONCLUSIVE, f"{numbers}: fewer than {gate.min_samples}")
    if gate.min is not None:
        bound = float(gate.min)
        above, below = estimate.low >= bound, estimate.high < bound
        words = f"{numbers}, needs at least {gate.min}"
    else:
        bound = float(gate.max or 0)
        above, below = estimate.high <= bound, estimate.low > bound
        words = f"{numbers}, allows at most {gate.max}"
    return _result(gate, _three_way(passed=above, failed=below), words)


def _three_way(*, passed: bool, failed: bool) -> Outcome:
    if passed:
        return Outcome.PASSED
    return Outcome.FAILED if failed else Outcome.INCONCLUSIVE


def _judge_non_inferiority(gate: Gate, evidence: Evidence) -> GateResult:
    if evidence.versus_champion is None:
        return _result(gate, Outcome.PASSED, "no champion yet: absolute gates decide")
    estimate = _find(evidence.versus_champion, gate.metric)
    if estimate is None:
        return _result(gate, Outcome.INCONCLUSIVE, f"{gate.metric} was not compared")
    margin = 0.01 if gate.margin is None else float(gate.margin)
    sign = -1.0 if gate.metric in SMALLER_IS_BETTER else 1.0
    low, high = sorted((sign * estimate.low, sign * estimate.high))
    words = (
        f"{gate.metric} challenger - champion {estimate.value:+.4f} "
        f"[{estimate.low:+.4f}, {estimate.high:+.4f}] on {estimate.samples} rows, margin {margin:g}"
    )
    if estimate.samples < gate.min_samples:
        return _result(gate, Outcome.INCONCLUSIVE, f"{words}: fewer than {gate.min_samples} rows")
    worse = high < -margin
    if worse and evidence.champion_favoured:
        return _result(
            gate, Outcome.INCONCLUSIVE, f"{words}; the champion has learnt from rows among them"
        )
    return _result(gate, _three_way(passed=low > -margin, failed=worse), words)


def _judge_parity(gate: Gate, evidence: Evidence) -> GateResult:
    error = evidence.parity_max_abs_error
    if error is None:
        return _result(gate, Outcome.INCONCLUSIVE, "the exported graph was not compared")
    limit = 1e-4 if gate.max is None else float(gate.max)
    words = f"ONNX differs from torch by at most {error:.2e} on {evidence.parity_rows} rows"
    return _result(
        gate, _three_way(passed=error <= limit, failed=error > limit), f"{words}, allows {limit:g}"
    )


def _judge_learning_curve(gate: Gate, evidence: Evidence) -> GateResult:
    train, validation = evidence.train_loss, evidence.validation_loss
    if train is None or validation is None:
        return _result(gate, Outcome.INCONCLUSIVE, "no learning curve was recorded")
    limit = 2.0 if gate.max is None else float(gate.max)
    ratio = validation / max(train, 1e-12)
    words = f"validation loss {validation:.4f} is {ratio:.2f} x training loss, allows {limit:g} x"
    return _result(gate, _three_way(passed=ratio <= limit, failed=ratio > limit), words)


def _judge_information_loss(gate: Gate, evidence: Evidence) -> GateResult:
    worse = [lever for lever in evidence.levers if lever.limit is not None]
    worse = [lever for lever in worse if lever.loss > (lever.limit or 0)]
    if worse:
        words = ", ".join(
            f"{lever.name} loses {lever.loss:.4f} of {lever.limit}" for lever in worse
        )
        return _result(gate, Outcome.FAILED, f"beyond their limits: {words}"[:512])
    return _result(gate, Outcome.PASSED, f"{len(evidence.levers)} levers within their limits")
