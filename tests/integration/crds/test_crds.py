"""The generated CRDs in a real API server: accepted, structural, and each rule acts."""

from typing import Any

import pytest

from support.apiserver import ApiError, ApiServer
from support.specs import DIGEST, SPECS, changed
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.kinds import BY_KIND, KINDS, Kind

pytestmark = pytest.mark.integration

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
METRIC = {"name": "good", "kind": "Metric", "metric": "RocAuc", "min": "0.7"}
COUNT = {"name": "count", "role": "Source"}
FAULTS = {"name": "faults", "kind": "DataFault"}
INPUTS = {"name": "inputs", "kind": "InputDrift", "effect": "0.5", "statistic": "Psi"}
QUALITY = {"name": "quality", "kind": "RealisedQuality"}
WORSE = {"name": "worse", "signal": "quality", "value": "0.05", "outcome": "Retrain"}


def collection(kind: str, name: str = "") -> str:
    path = f"/apis/{API_VERSION}/namespaces/default/{BY_KIND[kind].plural}"
    return f"{path}/{name}" if name else path


def create(server: ApiServer, kind: str, spec: object, name: str = "bikes") -> dict[str, Any]:
    body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return server.request("POST", f"{collection(kind)}?dryRun=All&fieldValidation=Strict", body)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])
def test_is_established_and_structural(api_server: ApiServer, kind: Kind) -> None:
    live = api_server.request("GET", f"{DEFINITIONS}/{kind.crd_name}")

    conditions = {item["type"]: item["status"] for item in live["status"]["conditions"]}

    assert conditions["Established"] == "True"
    assert conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


@pytest.mark.parametrize("kind", list(SPECS))
def test_a_smallest_object_is_accepted_and_never_looks_ready(
    api_server: ApiServer, kind: str
) -> None:
    created = create(api_server, kind, SPECS[kind]())

    assert created["status"]["observedGeneration"] == -1
    assert created["status"]["conditions"] == [
        {
            "type": BY_KIND[kind].summary,
            "status": "Unknown",
            "reason": "Pending",
            "message": "Waiting for controller",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
            "observedGeneration": 0,
        }
    ]


@pytest.mark.parametrize("kind", list(SPECS))
def test_the_stored_object_has_the_defaults_of_the_model(api_server: ApiServer, kind: str) -> None:
    spec = SPECS[kind]()

    stored = create(api_server, kind, spec)["spec"]

    assert stored == BY_KIND[kind].spec_type.model_validate(spec).to_wire()


GOOD = [
    pytest.param("Dataset", "columns.0.range", {"min": "-40", "max": "60"}, id="a range"),
    pytest.param("Dataset", "columns.0.unit", "degC", id="a unit"),
    pytest.param("Dataset", "missing", [{"columns": ["a"], "strategy": "DropRow"}], id="drop rows"),
    pytest.param("Dataset", "time.start", "2024-01-01T00:00:00Z", id="a start"),
    pytest.param("Dataset", "lags", [{"column": "count", "steps": [1, 24]}], id="lags"),
    pytest.param("Pipeline", "gates", [METRIC], id="a metric gate"),
    pytest.param("Pipeline", "gates", [], id="no gates"),
    pytest.param(
        "Pipeline", "triggers", [{"type": "Schedule", "cron": "0 3 * * *"}], id="a schedule"
    ),
    pytest.param(
        "Pipeline",
        "levers",
        [{"name": "clip", "op": "Clip", "quantile": "0.001", "maxInformationLoss": "0.1"}],
        id="a clip lever",
    ),
    pytest.param("Model", "capture.fraction", "1", id="all traffic captured"),
    pytest.param("Model", "serving.replicas", 0, id="no replicas"),
    pytest.param("DriftMonitor", "rules", [], id="a monitor that only watches"),
    pytest.param(
        "DriftMonitor",
        "signals",
        [FAULTS, INPUTS | {"features": ["a"]}, QUALITY | {"metric": "Recall"}],
        id="signals of one's own under the names of the default rules",
    ),
    pytest.param("DriftMonitor", "window.seconds", 3600, id="windows of an hour"),
]


@pytest.mark.parametrize(("kind", "path", "value"), GOOD)
def test_accepts(api_server: ApiServer, kind: str, path: str, value: object) -> None:
    assert create(api_server, kind, changed(SPECS[kind](), path, value))


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
]


@pytest.mark.parametrize(("kind", "path", "value", "message"), BAD)
def test_refuses(api_server: ApiServer, kind: str, path: str, value: object, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        create(api_server, kind, changed(SPECS[kind](), path, value))

    assert message in refused.value.message


def test_refuses_a_name_that_children_cannot_carry(api_server: ApiServer) -> None:
    with pytest.raises(ApiError, match=r"at most 63 characters without dots"):
        create(api_server, "Model", SPECS["Model"](), name="bikes.v2")


def test_a_run_never_changes(api_server: ApiServer) -> None:
    spec = SPECS["PipelineRun"]()
    body = {"apiVersion": API_VERSION, "kind": "PipelineRun", "metadata": {"name": "run"}}
    api_server.apply(collection("PipelineRun", "run"), body | {"spec": spec})

    with pytest.raises(ApiError, match="a PipelineRun never changes"):
        api_server.merge(collection("PipelineRun", "run"), {"spec": {"codeVersion": "0.2.0"}})


def test_a_model_keeps_its_kind_of_origin(api_server: ApiServer) -> None:
    body = {"apiVersion": API_VERSION, "kind": "Model", "metadata": {"name": "origin"}}
    path = collection("Model", "origin")
    api_server.apply(path, body | {"spec": SPECS["Model"]()})
    onnx = {"uri": "m.onnx", "digest": DIGEST}

    with pytest.raises(ApiError, match="cannot change between"):
        api_server.merge(path, {"spec": {"pipelineRef": None, "onnx": onnx}})


def test_a_monitor_keeps_its_model(api_server: ApiServer) -> None:
    body = {"apiVersion": API_VERSION, "kind": "DriftMonitor", "metadata": {"name": "kept"}}
    path = collection("DriftMonitor", "kept")
    api_server.apply(path, body | {"spec": SPECS["DriftMonitor"]()})

    with pytest.raises(ApiError, match="`modelRef` never changes"):
        api_server.merge(path, {"spec": {"modelRef": {"name": "other"}}})


def test_scale_sets_the_replicas(api_server: ApiServer) -> None:
    body = {"apiVersion": API_VERSION, "kind": "Model", "metadata": {"name": "scaled"}}
    path = collection("Model", "scaled")
    api_server.apply(path, body | {"spec": SPECS["Model"]()})

    api_server.merge(f"{path}/scale", {"spec": {"replicas": 3}})

    assert api_server.request("GET", path)["spec"]["serving"]["replicas"] == 3
