"""A user's own ONNX file: from `kubectl apply` to an answer, and what is said when it is wrong."""

from collections.abc import Iterator
from typing import Any

import pytest
import tritonclient.http as triton

from demo.installation import upload
from demo.own_onnx import KEY, NAME, ask_own, own_model, serve
from support.graphs import doubling
from support.kubectl import Kubectl
from support.waiting import wait_until
from trimtab_operator.manifests.names import server

pytestmark = pytest.mark.e2e


@pytest.fixture
def kubectl(installed: list[str]) -> Iterator[Kubectl]:
    kubectl = Kubectl(installed[1])
    upload(kubectl.namespace, KEY, doubling())
    yield kubectl
    kubectl.run("delete", "models", "--all", "--wait=false")


def test_it_answers_the_fields_own_client(kubectl: Kubectl) -> None:
    serve(kubectl, 180)
    with (
        kubectl.forward(f"svc/{server(NAME)}", 8080) as address,
        triton.InferenceServerClient(address) as client,
    ):
        assert client.is_server_ready()
        assert client.is_model_ready(NAME)
        assert client.get_model_metadata(NAME)["platform"] == "onnx_onnxv1"
    assert ask_own(kubectl)


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
    kubectl.apply(own_model(name, f"sha256:{digest}", key))

    def refused() -> dict[str, Any] | None:
        ready = kubectl.condition(f"model/{name}", "Ready")
        return ready if ready.get("reason") == reason else None

    ready = wait_until(refused, 120, interval=0.5, what=f"Ready/{reason}")
    assert ready["status"] == "False"
    assert key in ready["message"]
