"""Builds the ONNX graph: raw features in, scores out. Same content, same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from trimtab_stages.preprocess.preprocessor import Preprocessor, Vocabulary
from trimtab_stages.preprocess.steps import Bound, Combine, Pick, Standardise, Step, to_float32
from trimtab_stages.train.network import Dense

FEATURES = "features"
"""Input: numeric features, float32 [N, F]."""
CATEGORIES = "categories"
"""Input: categorical features, string [N, C]; only where there are any."""
SCORE = "score"
"""Output: probability of class 1, float32 [N]; or of every class, [N, K]."""
Array = npt.NDArray[Any]

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
"""Old enough for every ONNX Runtime since 1.12."""


@dataclass(frozen=True, slots=True)
class GraphInputs:
    """Widths of the raw inputs: numeric and categorical features."""

    numeric: int
    categorical: int


@dataclass(slots=True)
class _Nodes:
    """Nodes and constants in the order of execution, with names made of their positions."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: Array) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:  # noqa: ANN401 - ONNX attributes are of any type
        name = f"{op.lower()}_{len(self.nodes)}"
        domain = "ai.onnx.ml" if op == "OneHotEncoder" else ""
        self.nodes.append(
            helper.make_node(op, list(inputs), [name], name=name, domain=domain, **attributes)
        )
        return name


def build_graph(
    preprocessor: Preprocessor,
    layers: Sequence[Dense],
    inputs: GraphInputs,
    metadata: dict[str, str],
) -> bytes:
    """Return the serialised ONNX model.

    Args:
        preprocessor: fitted preprocessing.
        layers: the network's layers; ReLU lies between them.
        inputs: widths of the raw inputs.
        metadata: goes into the model's `metadata_props`; must follow from the content alone.
    """
    nodes = _Nodes()
    x = _preprocess(nodes, preprocessor, inputs)
    for dense in layers[:-1]:
        x = nodes.add("Relu", [_dense(nodes, x, dense)])
    _score(nodes, _dense(nodes, x, layers[-1]), layers[-1])
    graph = helper.make_graph(
        nodes.nodes, "trimtab", _inputs_of(inputs), [_output_of(layers[-1])], nodes.constants
    )
    model = helper.make_model(
        graph,
        producer_name="trimtab",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)],
    )
    helper.set_model_props(model, dict(sorted(metadata.items())))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _preprocess(nodes: _Nodes, preprocessor: Preprocessor, inputs: GraphInputs) -> str:
    parts: list[str] = []
    if inputs.numeric and preprocessor.numeric:
        x = FEATURES
        for step in preprocessor.steps:
            x = _step(nodes, x, step)
        parts.append(x)
    parts += [_one_hot(nodes, words) for words in preprocessor.vocabularies]
    return parts[0] if len(parts) == 1 else nodes.add("Concat", parts, axis=1)


def _step(nodes: _Nodes, x: str, step: Step) -> str:
    match step:
        case Standardise():
            centered = nodes.add("Sub", [x, nodes.constant(to_float32(step.center))])
            return nodes.add("Div", [centered, nodes.constant(to_float32(step.scale))])
        case Bound():
            raised = nodes.add("Max", [x, nodes.constant(to_float32(step.low))])
            return nodes.add("Min", [raised, nodes.constant(to_float32(step.high))])
        case Pick():
            return nodes.add("Gather", [x, nodes.constant(_int64(step.indices))], axis=1)
        case Combine():
            product = nodes.add("MatMul", [x, nodes.constant(to_float32(step.weight))])
            return nodes.add("Add", [product, nodes.constant(to_float32(step.bias))])


def _one_hot(nodes: _Nodes, words: Vocabulary) -> str:
    column = nodes.add("Gather", [CATEGORIES, nodes.constant(_int64(words.column))], axis=1)
    # zeros=1: an unknown category gives zeros instead of an error.
    return nodes.add("OneHotEncoder", [column], cats_strings=words.values, zeros=1)


def _dense(nodes: _Nodes, x: str, dense: Dense) -> str:
    weight, bias = nodes.constant(dense.weight), nodes.constant(dense.bias)
    return nodes.add("Gemm", [x, weight, bias], transB=1)


def _score(nodes: _Nodes, logits: str, last: Dense) -> None:
    if len(last.bias) == 1:
        flat = nodes.add("Squeeze", [logits, nodes.constant(_int64([1]))])
        nodes.nodes.append(helper.make_node("Sigmoid", [flat], [SCORE], name=SCORE))
        return
    nodes.nodes.append(helper.make_node("Softmax", [logits], [SCORE], name=SCORE, axis=1))


def _inputs_of(inputs: GraphInputs) -> list[onnx.ValueInfoProto]:
    given = []
    if inputs.numeric:
        given.append(_tensor(FEATURES, TensorProto.FLOAT, inputs.numeric))
    if inputs.categorical:
        given.append(_tensor(CATEGORIES, TensorProto.STRING, inputs.categorical))
    return given


def _output_of(last: Dense) -> onnx.ValueInfoProto:
    classes = len(last.bias)
    return _tensor(SCORE, TensorProto.FLOAT, None if classes == 1 else classes)


def _tensor(name: str, element: int, width: int | None) -> onnx.ValueInfoProto:
    shape: list[str | int | None] = ["N"] if width is None else ["N", width]
    return helper.make_tensor_value_info(name, element, shape)


def _int64(values: Sequence[int] | int) -> Array:
    return np.asarray(values, dtype=np.int64)
