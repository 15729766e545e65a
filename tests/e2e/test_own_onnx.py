"""A user's own ONNX file: from `kubectl apply` to an answer, and what is said when it is wrong."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import pytest
import tritonclient.http as triton
from onnx import TensorProto, helper

from demo.installation import upload
from support.kubectl import Kubectl
from support.waiting import wait_until
from trimtab_operator.manifests.names import server

pytestmark = pytest.mark.e2e

KEY = "raw/doubling.onnx"


def _doubling() -> bytes:
    """Return a graph that doubles its input, [n, 2]."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _model(name: str, digest: str, key: str = KEY) -> dict[str, Any]:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Model",
        "metadata": {"name": name},
        "spec": {
            "onnx": {"uri": key, "digest": digest},
            "serving": {"cpu": "200m", "memory": "384Mi"},
        },
    }


@pytest.fixture
def kubectl(installed: list[str]) -> Iterator[Kubectl]:
    kubectl = Kubectl(installed[1])
    upload(kubectl.namespace, KEY, _doubling())
    yield kubectl
    kubectl.run("delete", "models", "--all", "--wait=false")


def test_it_answers_the_fields_own_client(kubectl: Kubectl) -> None:
    digest = f"sha256:{hashlib.sha256(_doubling()).hexdigest()}"
    kubectl.apply(_model("doubling", digest))
    kubectl.wait("model/doubling", "Ready", 180)
    with kubectl.forward(f"svc/{server('doubling')}", 8080) as address:
        client = triton.InferenceServerClient(address)
        assert client.is_server_ready()
        assert client.is_model_ready("doubling")
        assert client.get_model_metadata("doubling")["platform"] == "onnx_onnxv1"
        rows = np.arange(6, dtype=np.float32).reshape(3, 2)
        tensor = triton.InferInput("x", [3, 2], "FP32")
        tensor.set_data_from_numpy(rows)
        answer = client.infer("doubling", [tensor]).as_numpy("y")
        client.close()
    assert np.array_equal(answer, rows * 2)


@pytest.mark.parametrize(
    ("name", "digest", "key", "reason"),
    [
        pytest.param("other-digest", "0" * 64, KEY, "DigestMismatch", id="another-file"),
        pytest.param("no-file", "1" * 64, "raw/none.onnx", "ModelMissing", id="no-such-file"),
    ],
)
def test_a_wrong_file_is_named(
    kubectl: Kubectl, name: str, digest: str, key: str, reason: str
) -> None:
    kubectl.apply(_model(name, f"sha256:{digest}", key))

    def refused() -> dict[str, Any] | None:
        ready = kubectl.condition(f"model/{name}", "Ready")
        return ready if ready.get("reason") == reason else None

    ready = wait_until(refused, 120, interval=0.5, what=f"Ready/{reason}")
    assert ready["status"] == "False"
    assert key in ready["message"]
