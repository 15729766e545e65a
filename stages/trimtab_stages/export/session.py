"""Runs an exported graph with ONNX Runtime on the CPU."""

import numpy as np
import onnxruntime

from trimtab_stages.export.graph import CATEGORIES, FEATURES, SCORE
from trimtab_stages.preprocess.split import Floats, SplitRows

BATCH_ROWS = 8192


class Graph:
    """A loaded ONNX file.

    Attributes:
        metadata: the file's `metadata_props`.
        widths: width of every input by name; 0 where the file leaves it open.
    """

    def __init__(self, data: bytes, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin while they wait starve everything else in a CPU-limited pod.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.widths: dict[str, int] = {
            argument.name: _width(argument.shape) for argument in self._session.get_inputs()
        }

    def scores(self, rows: SplitRows) -> Floats:
        """Return the scores: float32 [n] for two classes, else [n, K]."""
        parts = [
            self._run(rows.take(slice(start, start + BATCH_ROWS)))
            for start in range(0, len(rows), BATCH_ROWS)
        ]
        return np.concatenate(parts)

    def _run(self, rows: SplitRows) -> Floats:
        given: dict[str, object] = {FEATURES: rows.numeric, CATEGORIES: rows.categorical}
        feed = {name: given[name] for name in self.widths}
        scores: Floats = self._session.run([SCORE], feed)[0]
        return scores


def _width(shape: list[object]) -> int:
    return shape[1] if len(shape) > 1 and isinstance(shape[1], int) else 0
