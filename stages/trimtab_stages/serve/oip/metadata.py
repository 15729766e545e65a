"""Health and metadata documents of the protocol."""

from collections.abc import Sequence

from trimtab_stages.serve.oip.tensors import Signature

PLATFORM = "onnx_onnxv1"
"""OIP's name for ONNX models."""

EXTENSIONS = ("binary_tensor_data", "trimtab_feedback")
"""`trimtab_feedback` is `POST /v2/models/{m}/feedback`: labels that come back by inference id."""


def server_metadata(version: str) -> dict[str, object]:
    """Return the body of `GET /v2`."""
    return {"name": "trimtab", "version": version, "extensions": list(EXTENSIONS)}


def server_live() -> dict[str, object]:
    """Return the body of `GET /v2/health/live`."""
    return {"live": True}


def server_ready(*, ready: bool) -> dict[str, object]:
    """Return the body of `GET /v2/health/ready`; `live` too, as the specification shows."""
    return {"ready": ready, "live": True}


def model_ready(name: str, *, ready: bool) -> dict[str, object]:
    """Return the body of `GET /v2/models/{m}/ready`."""
    return {"name": name, "ready": ready}


def model_metadata(name: str, versions: Sequence[str], signature: Signature) -> dict[str, object]:
    """Return the body of `GET /v2/models/{m}`; -1 stands for a variable dimension."""
    return {
        "name": name,
        "versions": list(versions),
        "platform": PLATFORM,
        "inputs": [spec.to_wire() for spec in signature.inputs],
        "outputs": [spec.to_wire() for spec in signature.outputs],
    }
