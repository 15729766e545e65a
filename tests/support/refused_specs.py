"""Specs that the API server refuses: kind, path of the field, value, words of the message."""

import pytest

from support.specs import DIGEST

METRIC = {"name": "good", "kind": "Metric", "metric": "RocAuc", "min": "0.7"}
COUNT = {"name": "count", "role": "Source"}
FAULTS = {"name": "faults", "kind": "DataFault"}
INPUTS = {"name": "inputs", "kind": "InputDrift", "effect": "0.5", "statistic": "Psi"}
QUALITY = {"name": "quality", "kind": "RealisedQuality"}
WORSE = {"name": "worse", "signal": "quality", "value": "0.05", "outcome": "Retrain"}


def gate(**fields: object) -> list[dict[str, object]]:
    return [{"name": "gate", **fields}]


def lever(**fields: object) -> list[dict[str, object]]:
    return [{"name": "lever", **fields}]


BAD = [
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="Metric", min="0.7"),
        "`metric` must be set",
        id="metric gate without metric",
    ),
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="Parity", metric="RocAuc"),
        "`metric` must be set",
        id="parity gate with metric",
    ),
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="Metric", metric="RocAuc"),
        "needs one of `min` and `max`",
        id="metric gate without bound",
    ),
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="Metric", metric="RocAuc", min="0", max="1"),
        "needs one of `min` and `max`",
        id="metric gate with both bounds",
    ),
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="Parity", min="0"),
        "`min` belongs to kind Metric",
        id="parity gate with min",
    ),
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="Parity", margin="0"),
        "`margin` belongs to",
        id="parity gate with margin",
    ),
    pytest.param(
        "Pipeline",
        "gates",
        gate(kind="InformationLoss", max="0"),
        "`max` belongs to",
        id="information loss gate with max",
    ),
    pytest.param(
        "Pipeline", "gates", [METRIC, METRIC], "Duplicate value", id="two gates of one name"
    ),
    pytest.param(
        "Pipeline", "levers", lever(op="Clip"), "`quantile` must be set", id="clip without quantile"
    ),
    pytest.param(
        "Pipeline",
        "levers",
        lever(op="Scale", quantile="0.1"),
        "`quantile` must be set",
        id="scale with quantile",
    ),
    pytest.param(
        "Pipeline",
        "levers",
        lever(op="Project"),
        "`components` must be",
        id="project without components",
    ),
    pytest.param(
        "Pipeline",
        "levers",
        lever(op="Select"),
        "op Select needs `columns`",
        id="select without columns",
    ),
    pytest.param(
        "Pipeline",
        "levers",
        lever(op="Clip", quantile="0.6"),
        "between 0 and 0.5",
        id="clip beyond the median",
    ),
    pytest.param(
        "Pipeline",
        "levers",
        lever(op="Scale", maxInformationLoss="2"),
        "between 0 and 1",
        id="information loss above 1",
    ),
    pytest.param(
        "Pipeline",
        "triggers",
        [{"type": "Schedule"}],
        "`cron` must be set",
        id="schedule without cron",
    ),
    pytest.param(
        "Pipeline",
        "triggers",
        [{"type": "NewSnapshot", "cron": "0 3 * * *"}],
        "`cron` must be set",
        id="new snapshot with cron",
    ),
    pytest.param(
        "Pipeline", "model.dropout", "0.95", "between 0 and 0.9", id="dropout of nearly all"
    ),
    pytest.param(
        "Pipeline", "training.learningRate", "0", "must be above 0", id="no learning rate"
    ),
    pytest.param("Pipeline", "decision.minRecall", "1.5", "between 0 and 1", id="recall above 1"),
    pytest.param("Pipeline", "training.learningRate", 0.1, "must be of type string", id="a float"),
    pytest.param("Pipeline", "modle", {}, "unknown field", id="an unknown field"),
    pytest.param("Pipeline", "compute.memory", "4 gigs", "should match", id="no quantity"),
    pytest.param(
        "Dataset",
        "target.threshold",
        None,
        "needs one of `threshold`",
        id="above without threshold",
    ),
    pytest.param("Dataset", "target.kind", "Value", "takes neither", id="value with threshold"),
    pytest.param(
        "Dataset", "target.trainQuantile", "0.5", "needs one of `threshold`", id="two thresholds"
    ),
    pytest.param(
        "Dataset", "target.minRate", "0.7", "between 0 and 0.5", id="rarest class above half"
    ),
    pytest.param(
        "Dataset",
        "missing",
        [{"columns": ["a"], "strategy": "Constant"}],
        "`value` must be set",
        id="constant without value",
    ),
    pytest.param(
        "Dataset",
        "missing",
        [{"columns": ["a"], "strategy": "DropRow", "maxConsecutive": 2}],
        "belongs to strategy ForwardFill",
        id="drop with a run length",
    ),
    pytest.param(
        "Dataset", "source.uri", "s3://other/key", "must be relative", id="a foreign bucket"
    ),
    pytest.param("Dataset", "source.uri", "raw/../../x", "must be relative", id="a path upwards"),
    pytest.param(
        "Dataset",
        "source.capture",
        {"model": "bikes", "policy": "SlidingWindow"},
        "`windowSeconds` must be set",
        id="a sliding window without a length",
    ),
    pytest.param(
        "Dataset",
        "source.capture",
        {"model": "bikes", "policy": "SinceLastSnapshot", "windowSeconds": 86_400},
        "`windowSeconds` must be set",
        id="a length without a sliding window",
    ),
    pytest.param(
        "Dataset", "split.test", "0.95", "between 0.01 and 0.9", id="nearly all rows for test"
    ),
    pytest.param(
        "Dataset",
        "split",
        {"test": "0.5", "validation": "0.5"},
        "below 1",
        id="no rows for training",
    ),
    pytest.param(
        "Dataset",
        "columns.0.range",
        {"min": "2", "max": "1"},
        "must not be above",
        id="an empty range",
    ),
    pytest.param(
        "Dataset", "columns.0.categories", ["x"], "needs type Category", id="categories of a number"
    ),
    pytest.param(
        "Dataset", "columns.0.sourceUnit", "degF", "needs `unit`", id="conversion to no unit"
    ),
    pytest.param(
        "Dataset", "columns", [COUNT, COUNT], "Duplicate value", id="a column declared twice"
    ),
    pytest.param("Dataset", "columns", [], "at least 1", id="no columns"),
    pytest.param(
        "Dataset",
        "time",
        {"column": "t", "start": "2025-01-01T00:00:00Z", "end": "2024-01-01T00:00:00Z"},
        "`start` must be before",
        id="a time range backwards",
    ),
    pytest.param(
        "Dataset", "maxQuarantinedFraction", "1.5", "between 0 and 1", id="a share above 1"
    ),
    pytest.param("Model", "capture.fraction", "1.5", "between 0 and 1", id="more than all traffic"),
    pytest.param(
        "Model", "pipelineRef", None, "one of `pipelineRef` and `onnx`", id="a model of nothing"
    ),
    pytest.param(
        "Model",
        "onnx",
        {"uri": "m.onnx", "digest": DIGEST},
        "one of `pipelineRef` and `onnx`",
        id="two origins",
    ),
    pytest.param(
        "DriftMonitor",
        "rules",
        [WORSE | {"signal": "qualty"}],
        "must name one of `signals`",
        id="a rule on no signal",
    ),
    pytest.param(
        "DriftMonitor",
        "rules",
        [WORSE | {"signal": "faults"}],
        "must not retrain for a signal of kind DataFault",
        id="a retrain for faults",
    ),
    pytest.param(
        "DriftMonitor", "rules", [WORSE, WORSE], "Duplicate value", id="two rules of one name"
    ),
    pytest.param(
        "DriftMonitor",
        "rules",
        [WORSE | {"value": "-1"}],
        "`value` must not be below 0",
        id="a negative value",
    ),
    pytest.param(
        "DriftMonitor", "rules", [WORSE | {"value": 0.05}], "must be of type string", id="a number"
    ),
    pytest.param(
        "DriftMonitor",
        "rules",
        [WORSE | {"forWindows": 13}],
        "less than or equal to 12",
        id="more windows than are kept",
    ),
    pytest.param(
        "DriftMonitor",
        "signals",
        [FAULTS | {"features": ["a"]}],
        "`features` belongs to kind InputDrift",
        id="features of faults",
    ),
    pytest.param(
        "DriftMonitor",
        "signals",
        [QUALITY | {"effect": "0.5"}],
        "`effect` belongs to kind InputDrift",
        id="an effect of quality",
    ),
    pytest.param(
        "DriftMonitor",
        "signals",
        [INPUTS | {"metric": "Recall"}],
        "`metric` belongs to kind RealisedQuality",
        id="a metric of inputs",
    ),
    pytest.param(
        "DriftMonitor",
        "signals",
        [QUALITY | {"metric": "RocAuc"}],
        "`metric` must be one that decisions and labels give",
        id="a metric of scores",
    ),
    pytest.param(
        "DriftMonitor",
        "signals",
        [INPUTS | {"falseDiscoveryRate": "2"}],
        "between 0 and 1",
        id="a rate above 1",
    ),
    pytest.param("DriftMonitor", "signals", [], "at least 1", id="no signals"),
    pytest.param(
        "DriftMonitor", "signals", [FAULTS, FAULTS], "Duplicate value", id="two signals of one name"
    ),
    pytest.param(
        "DriftMonitor",
        "guards.cooldownWindows",
        12,
        "less than or equal to 11",
        id="a cooldown longer than the history",
    ),
    pytest.param("DriftMonitor", "modelRef", None, "Required value", id="a monitor of nothing"),
    pytest.param(
        "Model", "rollout", {"margin": "1.1"}, "between 0 and 1", id="a margin above everything"
    ),
    pytest.param(
        "Model", "rollout", {"confidence": "0.4"}, "between 0.5 and 0.9999", id="no confidence"
    ),
    pytest.param(
        "Model", "rollout", {"maxErrorRate": "2"}, "between 0 and 1", id="more errors than requests"
    ),
    pytest.param(
        "Model", "rollout", {"maxLatencyRatio": "0.5"}, "between 1 and 1000", id="faster by force"
    ),
    pytest.param(
        "Model",
        "rollout",
        {"minRows": 10, "maxRows": 9},
        "`maxRows` must not be below `minRows`",
        id="rows backwards",
    ),
    pytest.param(
        "Model",
        "rollout",
        {"metric": "RocAuc"},
        "`metric` must be BalancedAccuracy or Accuracy",
        id="a metric without decisions",
    ),
]
