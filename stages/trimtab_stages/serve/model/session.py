"""One loaded ONNX graph."""

import logging
from collections.abc import Mapping
from pathlib import Path

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.serve.errors import (
    InferenceFailedError,
    InvalidRequestError,
    OutOfMemoryError,
)
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.model.signature import signature_of
from trimtab_stages.serve.oip.tensors import Signature, Tensor

LOG = logging.getLogger(__name__)

SHRINK_BYTES = 4 << 20
"""Runs with more input than this give the arena's memory back afterwards."""

_ERRORS_ONLY = 3


class OnnxModel:
    """A graph in ONNX Runtime, on the CPU.

    Attributes:
        signature: what the graph takes and gives.
        metadata: the file's `metadata_props`.
    """

    def __init__(self, path: Path, threads: int) -> None:
        """Load a file.

        Args:
            path: the ONNX file.
            threads: threads inside one run.

        Raises:
            VersionRefusedError: `InvalidModel` or `WrongInputs`.
        """
        self._session = _open_session(path, threads)
        self.signature: Signature = signature_of(
            self._session.get_inputs(), self._session.get_outputs()
        )
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self._names = [spec.name for spec in self.signature.outputs]
        self._shrinking = ort.RunOptions()
        self._shrinking.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def run(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return all outputs by name.

        Raises:
            InvalidRequestError: the values do not fit the graph, for example an index out of range.
            InferenceFailedError: ONNX Runtime failed.
        """
        size = sum(values.nbytes for values in inputs.values())
        options = self._shrinking if size > SHRINK_BYTES else None
        try:
            results = self._session.run(self._names, inputs, options)
        except ort_errors.InvalidArgument as error:
            LOG.warning("ONNX Runtime refused a request: %s", type(error).__name__)
            raise InvalidRequestError(
                "ONNX Runtime refuses these inputs for this graph; compare shapes and value ranges "
                "with the model's documentation"
            ) from None
        except Exception as error:  # noqa: BLE001 - ONNX Runtime has a dozen unrelated types
            if _is_out_of_memory(error):
                raise OutOfMemoryError(
                    "not enough memory for this request; send fewer rows at once"
                ) from None
            LOG.warning("ONNX Runtime failed a request: %s", type(error).__name__)
            raise InferenceFailedError(
                "ONNX Runtime failed the run; the server's log names the error type"
            ) from None
        return dict(zip(self._names, results, strict=True))


def _open_session(path: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _ERRORS_ONLY
    # Spinning threads take the processor away from the loop that reads the next request.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - ONNX Runtime has a dozen unrelated types
        if _is_out_of_memory(error):
            raise needs_more_memory() from None
        raise VersionRefusedError(
            ServingReason.INVALID_MODEL,
            f"ONNX Runtime {ort.__version__} cannot load the file: {_cause(error, path)}; "
            "export the graph again, with an opset that this version knows",
        ) from None


def needs_more_memory() -> VersionRefusedError:
    """Return the refusal of a graph that does not fit into the memory that is left."""
    return VersionRefusedError(
        ServingReason.CRASHED_ON_LOAD,
        "the graph needs more memory than the server has left; raise the Model's memory limit",
    )


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error)
    return isinstance(error, MemoryError) or "allocate memory" in text or "bad_alloc" in text


def _cause(error: Exception, path: Path) -> str:
    text = str(error).replace(str(path), "the file").strip().splitlines()
    return (text[0] if text else type(error).__name__)[:300]
