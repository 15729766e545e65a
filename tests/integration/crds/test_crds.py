"""The generated CRDs in a real API server: accepted, structural, and each rule acts."""

from typing import Any

import pytest

from support.apiserver import ApiError, ApiServer
from support.refused_specs import BAD, FAULTS, INPUTS, METRIC, QUALITY
from support.specs import DIGEST, SPECS, changed
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.kinds import BY_KIND, KINDS, Kind

pytestmark = pytest.mark.integration

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


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
    pytest.param("Model", "rollout", {}, id="a rollout with all defaults"),
    pytest.param(
        "Model", "rollout", {"metric": "Accuracy", "margin": "0", "guardSeconds": 0}, id="a rollout"
    ),
]


@pytest.mark.parametrize(("kind", "path", "value"), GOOD)
def test_accepts(api_server: ApiServer, kind: str, path: str, value: object) -> None:
    assert create(api_server, kind, changed(SPECS[kind](), path, value))


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
