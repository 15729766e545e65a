"""A user's own ONNX file: it doubles what it is given."""

import hashlib
from typing import Any

import numpy as np
import tritonclient.http as triton
from numpy.typing import NDArray

from support.graphs import doubling
from support.kubectl import Kubectl
from trimtab_operator.manifests.names import server

NAME = "doubling"
KEY = "raw/doubling.onnx"
ROWS: NDArray[np.float32] = np.arange(6, dtype=np.float32).reshape(3, 2)


def own_model(name: str = NAME, digest: str = "", key: str = KEY) -> dict[str, Any]:
    """Return a Model of a file in the namespace's bucket; without a digest, that of `doubling`."""
    digest = digest or f"sha256:{hashlib.sha256(doubling()).hexdigest()}"
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Model",
        "metadata": {"name": name},
        "spec": {
            "onnx": {"uri": key, "digest": digest},
            "serving": {"cpu": "200m", "memory": "384Mi"},
        },
    }


def serve(kubectl: Kubectl, seconds: int) -> None:
    """Apply the Model and wait until it is ready; its file is there already."""
    kubectl.apply(own_model())
    kubectl.wait(f"model/{NAME}", "Ready", seconds)


def ask_own(kubectl: Kubectl) -> bool:
    """Ask the served Model as a client does; return whether it doubles."""
    with (
        kubectl.forward(f"svc/{server(NAME)}", 8080) as address,
        triton.InferenceServerClient(address) as client,
    ):
        return doubles(client)


def doubles(client: triton.InferenceServerClient) -> bool:
    """Return whether the served Model doubles."""
    return bool(np.array_equal(answer(client), ROWS * 2))


def answer(client: triton.InferenceServerClient) -> NDArray[np.float32]:
    """Return what the served Model makes of the rows."""
    tensor = triton.InferInput("x", list(ROWS.shape), "FP32")
    tensor.set_data_from_numpy(ROWS)
    found: NDArray[np.float32] = client.infer(NAME, [tensor]).as_numpy("y")
    return found
