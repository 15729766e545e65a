"""A user's own ONNX file: from `kubectl apply` to an answer, and what is said when it is wrong."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPException

import pytest
import tritonclient.http as triton
from onnx import TensorProto

from demo.installation import ROOT, upload
from demo.own_onnx import KEY, NAME, answer, ask_own, own_model, serve
from support.graphs import doubling, identity
from support.kubectl import Kubectl, KubectlError
from support.promised import promised, wait_for_running_pod
from support.waiting import wait_until
from trimtab_operator.manifests.names import server
from trimtab_stages.serve.plan.version import short_name

pytestmark = pytest.mark.e2e

SECONDS = 600
LAUNCHER = {"PYTHONPATH": str(ROOT / "images")}
BFLOAT16_KEY = "raw/bfloat16.onnx"
BFLOAT16 = identity(TensorProto.BFLOAT16, ["n", 2])
"""A graph whose input no client of the inference protocol can send."""


@pytest.fixture(scope="module")
def kubectl(installed: list[str]) -> Iterator[Kubectl]:
    kubectl = Kubectl(installed[1])
    upload(kubectl.namespace, KEY, doubling())
    yield kubectl
    kubectl.run("delete", "models", "--all", "--wait=false")


@pytest.fixture(scope="module")
def served(kubectl: Kubectl) -> Kubectl:
    serve(kubectl, 180)
    return kubectl


def test_it_answers_the_fields_own_client(served: Kubectl) -> None:
    with (
        served.forward(f"svc/{server(NAME)}", 8080) as address,
        triton.InferenceServerClient(address) as client,
    ):
        assert client.is_server_ready()
        assert client.is_model_ready(NAME)
        assert client.get_model_metadata(NAME)["platform"] == "onnx_onnxv1"
    assert ask_own(served)


@pytest.mark.parametrize(
    ("name", "digest", "key", "reason", "words"),
    [
        pytest.param(
            "other-digest",
            "0" * 64,
            KEY,
            "DigestMismatch",
            ("the object was replaced", KEY, "put the right object back"),
            id="another-file",
        ),
        pytest.param(
            "no-file",
            "1" * 64,
            "raw/none.onnx",
            "ModelMissing",
            ("does not exist", "raw/none.onnx", "check the key"),
            id="no-such-file",
        ),
        pytest.param(
            "wrong-inputs",
            hashlib.sha256(BFLOAT16).hexdigest(),
            BFLOAT16_KEY,
            "WrongInputs",
            ("has type tensor(bfloat16)", "input `x`", "export the graph with tensor inputs"),
            id="inputs-that-nobody-can-send",
        ),
    ],
)
def test_a_wrong_file_is_named(
    kubectl: Kubectl, name: str, digest: str, key: str, reason: str, words: tuple[str, ...]
) -> None:
    upload(kubectl.namespace, BFLOAT16_KEY, BFLOAT16)
    kubectl.apply(own_model(name, f"sha256:{digest}", key))
    wait_for_running_pod(kubectl, f"trimtab.dev/model={name}")
    ready = promised(kubectl, f"model/{name}", "Ready", reason)
    assert ready["status"] == "False"
    for part in words:
        assert part in ready["message"]
    kubectl.run("delete", f"model/{name}", "--wait=false")


@pytest.mark.recovery
@pytest.mark.skipif("KUBE_CONTEXT" in os.environ, reason="only the embedded cluster is stopped")
def test_a_restarted_cluster_serves_the_same_digest(served: Kubectl) -> None:
    digest = served.get(f"model/{NAME}")["status"]["champion"]["digest"]
    before = _answer(served)
    for verb in ("down", "up"):
        subprocess.run(
            [sys.executable, "-m", "localcluster", verb], check=True, env=os.environ | LAUNCHER
        )
    wait_until(lambda: _versions(served) == [short_name(digest)], SECONDS)
    assert _answer(served) == before


def _answer(kubectl: Kubectl) -> bytes:
    with (
        kubectl.forward(f"svc/{server(NAME)}", 8080) as address,
        triton.InferenceServerClient(address) as client,
    ):
        return answer(client).tobytes()


def _versions(kubectl: Kubectl) -> list[str]:
    """Return the versions that the restarted server answers with; nothing while it is away."""
    try:
        with (
            kubectl.forward(f"svc/{server(NAME)}", 8080) as address,
            triton.InferenceServerClient(address) as client,
        ):
            metadata = client.get_model_metadata(NAME)
            return [str(version) for version in metadata["versions"]]
    except (KubectlError, triton.InferenceServerException, OSError, HTTPException):
        return []
