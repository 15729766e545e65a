"""Rules of the schema in CEL: what the API server refuses before an object exists.

Each mirrors a check of the pydantic models or of `domain.validation`, in the same words. Bounds on
every list and string keep their estimated cost small. Fields with a default are asked for by
`has()` as well: the API server checks a default of `{}` before it fills it in.
"""

from dataclasses import dataclass
from typing import Any

from trimtab_operator.api.driftmonitor import DecisionRule, DriftMonitorSpec
from trimtab_operator.api.model import Capture, ModelSpec, OnnxSource
from trimtab_operator.api.pipeline import Trigger
from trimtab_operator.api.pipelinerun import PipelineRunSpec
from trimtab_operator.api.rollout import Rollout
from trimtab_stages.contract.base import StrictModel
from trimtab_stages.contract.capture import CaptureSource
from trimtab_stages.contract.features import Column, Range
from trimtab_stages.contract.gates import Gate
from trimtab_stages.contract.ingest import (
    IngestRules,
    Missing,
    Source,
    Split,
    Target,
    TimeRules,
)
from trimtab_stages.contract.monitoring import Signal
from trimtab_stages.contract.recipe import Architecture, Decision, Lever, Training


@dataclass(frozen=True, slots=True)
class Rule:
    """One `x-kubernetes-validations` entry."""

    rule: str
    message: str

    def to_wire(self) -> dict[str, Any]:
        """Return the entry as the schema holds it."""
        return {"rule": self.rule, "message": self.message}


def within(field: str, low: str, high: str) -> Rule:
    """Return the rule that a decimal string lies in a closed interval."""
    number = f"double(self.{field})"
    return Rule(
        f"!has(self.{field}) || ({number} >= {low} && {number} <= {high})",
        f"`{field}` must lie between {float(low):g} and {float(high):g}",
    )


def relative(field: str) -> Rule:
    """Return the rule that a URI is a key of the namespace's bucket."""
    uri = f"self.{field}"
    return Rule(
        f"!{uri}.startsWith('/') && !{uri}.contains('..') && !{uri}.contains('://')",
        f"`{field}` must be relative to the namespace's bucket, without `..`, for example "
        "`raw/rows.csv`",
    )


def only_of(kind: str, field: str, default: str) -> Rule:
    """Return the rule that a signal's field keeps its default where the signal has no use of it."""
    return Rule(
        f"self.kind == '{kind}' || !has(self.{field}) || self.{field} == {default}",
        f"`{field}` belongs to kind {kind}",
    )


NAME = Rule(
    "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
    "`metadata.name` must be at most 63 characters without dots: children are named after it",
)
"""On the root of every kind."""

RULES: dict[type[StrictModel], tuple[Rule, ...]] = {
    Gate: (
        Rule(
            "has(self.metric) == (self.kind in ['Metric', 'NonInferiority'])",
            "`metric` must be set for kinds Metric and NonInferiority, and for them alone",
        ),
        Rule(
            "self.kind != 'Metric' || has(self.min) != has(self.max)",
            "kind Metric needs one of `min` and `max`",
        ),
        Rule("!has(self.min) || self.kind == 'Metric'", "`min` belongs to kind Metric"),
        Rule(
            "!has(self.margin) || self.kind == 'NonInferiority'",
            "`margin` belongs to kind NonInferiority",
        ),
        Rule(
            "!has(self.max) || self.kind in ['Metric', 'Parity', 'LearningCurve']",
            "`max` belongs to kinds Metric, Parity and LearningCurve",
        ),
    ),
    Lever: (
        Rule(
            "has(self.quantile) == (self.op == 'Clip')",
            "`quantile` must be set for op Clip, and for it alone",
        ),
        Rule(
            "has(self.components) == (self.op == 'Project')",
            "`components` must be set for op Project, and for it alone",
        ),
        Rule("self.op != 'Select' || has(self.columns)", "op Select needs `columns`"),
        within("quantile", "0.0", "0.5"),
        within("maxInformationLoss", "0.0", "1.0"),
    ),
    Target: (
        Rule(
            "self.kind != 'Value' || (!has(self.threshold) && !has(self.trainQuantile))",
            "kind Value takes neither `threshold` nor `trainQuantile`",
        ),
        Rule(
            "self.kind == 'Value' || has(self.threshold) != has(self.trainQuantile)",
            "this kind needs one of `threshold` and `trainQuantile`",
        ),
        within("trainQuantile", "0.0", "1.0"),
        within("minRate", "0.0", "0.5"),
        within("maxRateChange", "0.0", "1.0"),
    ),
    Missing: (
        Rule(
            "has(self.value) == (self.strategy == 'Constant')",
            "`value` must be set for strategy Constant, and for it alone",
        ),
        Rule(
            "!has(self.maxConsecutive) || self.strategy == 'ForwardFill'",
            "`maxConsecutive` belongs to strategy ForwardFill",
        ),
    ),
    Range: (
        Rule(
            "!has(self.min) || !has(self.max) || double(self.min) <= double(self.max)",
            "`min` must not be above `max`",
        ),
    ),
    Column: (
        Rule(
            "!has(self.categories) || self.type == 'Category'", "`categories` needs type Category"
        ),
        Rule("!has(self.range) || self.type == 'Number'", "`range` needs type Number"),
        Rule("!has(self.sourceUnit) || has(self.unit)", "`sourceUnit` needs `unit`"),
        Rule(
            "!has(self.delaySeconds) || self.availability == 'After'",
            "`delaySeconds` belongs to availability After",
        ),
    ),
    Source: (relative("uri"),),
    CaptureSource: (
        Rule(
            "has(self.windowSeconds) == (self.policy == 'SlidingWindow')",
            "`windowSeconds` must be set for policy SlidingWindow, and for it alone",
        ),
    ),
    TimeRules: (
        Rule(
            "!has(self.start) || !has(self.end) || self.start < self.end",
            "`start` must be before `end`",
        ),
        within("maxOutOfOrderFraction", "0.0", "1.0"),
    ),
    Split: (
        within("validation", "0.01", "0.9"),
        within("test", "0.01", "0.9"),
        Rule(
            "!has(self.validation) || !has(self.test) || "
            "double(self.validation) + double(self.test) < 1.0",
            "`validation` and `test` together must be below 1",
        ),
    ),
    IngestRules: (within("maxQuarantinedFraction", "0.0", "1.0"),),
    Architecture: (within("dropout", "0.0", "0.9"),),
    Training: (
        Rule(
            "!has(self.learningRate) || double(self.learningRate) > 0.0",
            "`learningRate` must be above 0",
        ),
    ),
    Decision: (within("minRecall", "0.0", "1.0"),),
    Trigger: (
        Rule(
            "has(self.cron) == (self.type == 'Schedule')",
            "`cron` must be set for type Schedule, and for it alone",
        ),
        Rule(
            "!has(self.timezone) || self.timezone == 'UTC' || self.type == 'Schedule'",
            "`timezone` belongs to type Schedule",
        ),
    ),
    Capture: (within("fraction", "0.0", "1.0"),),
    OnnxSource: (relative("uri"),),
    Rollout: (
        Rule(
            "!has(self.minRows) || !has(self.maxRows) || self.minRows <= self.maxRows",
            "`maxRows` must not be below `minRows`",
        ),
        Rule(
            "!has(self.metric) || self.metric in ['BalancedAccuracy', 'Accuracy']",
            "`metric` must be BalancedAccuracy or Accuracy",
        ),
        within("margin", "0.0", "1.0"),
        within("confidence", "0.5", "0.9999"),
        within("maxErrorRate", "0.0", "1.0"),
        within("maxLatencyRatio", "1.0", "1000.0"),
    ),
    ModelSpec: (
        Rule(
            "has(self.pipelineRef) != has(self.onnx)",
            "one of `pipelineRef` and `onnx` must be set, not both",
        ),
        Rule(
            "!has(self.rollout) || has(self.pipelineRef)",
            "`rollout` belongs to `pipelineRef`: a file that you name serves at once",
        ),
        Rule(
            "has(self.onnx) == has(oldSelf.onnx)",
            "a Model cannot change between `pipelineRef` and `onnx`; create another one",
        ),
    ),
    Signal: (
        Rule(
            "self.kind == 'InputDrift' || !has(self.features) || size(self.features) == 0",
            "`features` belongs to kind InputDrift",
        ),
        only_of("InputDrift", "statistic", "'Wasserstein'"),
        only_of("InputDrift", "effect", "'0.2'"),
        only_of("InputDrift", "falseDiscoveryRate", "'0.01'"),
        only_of("RealisedQuality", "metric", "'BalancedAccuracy'"),
        Rule(
            "!has(self.metric) || self.metric in ['BalancedAccuracy', 'Accuracy', 'Recall', "
            "'Precision', 'FalsePositiveRate']",
            "`metric` must be one that decisions and labels give: BalancedAccuracy, Accuracy, "
            "Recall, Precision or FalsePositiveRate",
        ),
        Rule(
            "!has(self.effect) || double(self.effect) >= 0.0",
            "`effect` must not be below 0",
        ),
        within("falseDiscoveryRate", "0.0", "1.0"),
    ),
    DecisionRule: (Rule("double(self.value) >= 0.0", "`value` must not be below 0"),),
    DriftMonitorSpec: (
        Rule(
            "!has(self.rules) || !has(self.signals) || "
            "self.rules.all(r, self.signals.exists(s, s.name == r.signal))",
            "each of `rules` must name one of `signals`; with your own `signals`, write `rules` "
            "too, or keep the names faults, inputs and quality",
        ),
        Rule(
            "!has(self.rules) || !has(self.signals) || self.rules.all(r, r.outcome != 'Retrain' || "
            "!self.signals.exists(s, s.name == r.signal && s.kind == 'DataFault'))",
            "`rules` must not retrain for a signal of kind DataFault: faults of the data say "
            "nothing about the model",
        ),
        Rule(
            "self.modelRef == oldSelf.modelRef",
            "`modelRef` never changes; create another DriftMonitor",
        ),
    ),
    PipelineRunSpec: (
        Rule("self == oldSelf", "a PipelineRun never changes; edit its Pipeline instead"),
    ),
}


def rules_of(model: type[StrictModel]) -> tuple[Rule, ...]:
    """Return the rules of a model and of the models that it extends."""
    return tuple(rule for base in reversed(model.__mro__) for rule in RULES.get(base, ()))
