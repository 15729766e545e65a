"""Small ONNX graphs for tests of the model server, as bytes."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8

Weights = NDArray[np.float32]
Shape = list[int | str]


def linear_scores(weights: Weights, classes: int = 1) -> bytes:
    """Return a graph `features` FP32 [n, F] -> `score`: a sigmoid [n], or a softmax [n, K].

    Args:
        weights: [F, K].
        classes: K; 1 for a binary target.
    """
    nodes = [helper.make_node("MatMul", ["features", "w"], ["logits"])]
    constants = [numpy_helper.from_array(weights.astype(np.float32), "w")]
    score: Shape = ["n", classes]
    if classes == 1:
        constants.append(numpy_helper.from_array(np.array([-1], np.int64), "flat"))
        nodes += [
            helper.make_node("Sigmoid", ["logits"], ["column"]),
            helper.make_node("Reshape", ["column", "flat"], ["score"]),
        ]
        score = ["n"]
    else:
        nodes.append(helper.make_node("Softmax", ["logits"], ["score"], axis=1))
    features: Shape = ["n", int(weights.shape[0])]
    return _model(
        nodes,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, features)],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, score)],
        constants,
    )


def perceptron(widths: tuple[int, ...]) -> bytes:
    """Return a graph `features` FP32 [n, F] -> `score` [n, K]: dense layers, ReLU between them.

    Args:
        widths: widths of the layers, F first, K last.
    """
    random = np.random.default_rng(0)
    nodes, constants, layer = [], [], "features"
    for number, shape in enumerate(pairwise(widths)):
        last = number == len(widths) - 2
        weights = random.standard_normal(shape, dtype=np.float32) / np.sqrt(shape[0])
        constants.append(numpy_helper.from_array(weights.astype(np.float32), f"w{number}"))
        constants.append(numpy_helper.from_array(np.zeros(shape[1], np.float32), f"b{number}"))
        dense = "logits" if last else f"dense{number}"
        nodes.append(helper.make_node("Gemm", [layer, f"w{number}", f"b{number}"], [dense]))
        layer = f"layer{number}"
        if not last:
            nodes.append(helper.make_node("Relu", [dense], [layer]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["score"], axis=1))
    return _model(
        nodes,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", widths[0]])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", widths[-1]])],
        constants,
    )


def slow_scores(width: int, layers: int) -> bytes:
    """Return a graph `features` FP32 [n, 2] -> `score` [n]: much work, always a half."""
    spread = numpy_helper.from_array(np.zeros((2, width), np.float32), "spread")
    square = numpy_helper.from_array(np.eye(width, dtype=np.float32), "square")
    names = [f"layer{number}" for number in range(layers + 1)]
    work = [helper.make_node("MatMul", [a, "square"], [b]) for a, b in pairwise(names)]
    nodes = [
        helper.make_node("MatMul", ["features", "spread"], [names[0]]),
        *work,
        helper.make_node("ReduceSum", [names[-1], "columns"], ["total"], keepdims=0),
        helper.make_node("Sigmoid", ["total"], ["score"]),
    ]
    columns = numpy_helper.from_array(np.array([1], np.int64), "columns")
    return _model(
        nodes,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        [spread, square, columns],
    )


def spinning_scores(least: int = 0, offset: float = 0.0) -> bytes:
    """Return a graph `features` FP32 [n, 2] -> `score` [n]: the first feature is how long it takes.

    It makes as many turns of a loop as the largest first feature says, some hundred thousand a
    second, and at least `least`; its score is the sigmoid of the second feature plus `offset`.
    """
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["still_goes_on"]),
            helper.make_node("Add", ["turns", "turns"], ["turned"]),
        ],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("turns", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("still_goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("turned", TensorProto.FLOAT, []),
        ],
    )
    constants = [
        numpy_helper.from_array(np.array(0, np.int64), "first"),
        numpy_helper.from_array(np.array(1, np.int64), "second"),
        numpy_helper.from_array(np.array(0, np.float32), "nothing"),
        numpy_helper.from_array(np.array(offset, np.float32), "offset"),
        numpy_helper.from_array(np.array(1, np.bool_), "goes"),
        numpy_helper.from_array(np.array(least, np.float32), "least"),
    ]
    nodes = [
        helper.make_node("Gather", ["features", "first"], ["work"], axis=1),
        helper.make_node("Gather", ["features", "second"], ["signal"], axis=1),
        helper.make_node("ReduceMax", ["work"], ["most"], keepdims=0),
        helper.make_node("Max", ["most", "least"], ["turns_to_make"]),
        helper.make_node("Cast", ["turns_to_make"], ["count"], to=TensorProto.INT64),
        helper.make_node("Loop", ["count", "goes", "nothing"], ["spun"], body=body),
        helper.make_node("Add", ["signal", "spun"], ["later"]),
        helper.make_node("Add", ["later", "offset"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["score"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        constants,
    )


def failing_scores() -> bytes:
    """Return a graph `features` FP32 [n, 2] -> `score` [n] that fails where the first is > 0."""
    constants = [
        numpy_helper.from_array(np.array(0, np.int64), "first"),
        numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
        numpy_helper.from_array(np.array([0.5], np.float32), "table"),
    ]
    nodes = [
        helper.make_node("Gather", ["features", "first"], ["column"], axis=1),
        helper.make_node("Greater", ["column", "zero"], ["positive"]),
        helper.make_node("Cast", ["positive"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "index"], ["score"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        constants,
    )


def brittle_scores(steepness: float) -> bytes:
    """Return a graph `features` FP32 [n, 2] -> `score` [n] whose run fails where the second is > 0.

    Elsewhere its score is the sigmoid of `steepness` times the first.
    """
    constants = [
        numpy_helper.from_array(np.array(0, np.int64), "first"),
        numpy_helper.from_array(np.array(1, np.int64), "second"),
        numpy_helper.from_array(np.array(steepness, np.float32), "steepness"),
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
    ]
    nodes = [
        helper.make_node("Gather", ["features", "first"], ["signal"], axis=1),
        helper.make_node("Gather", ["features", "second"], ["limited"], axis=1),
        helper.make_node("Greater", ["limited", "zero"], ["is_over"]),
        helper.make_node("Cast", ["is_over"], ["over"], to=TensorProto.INT64),
        helper.make_node("ReduceSum", ["over"], ["too_many"], keepdims=1),
        helper.make_node("Mul", ["signal", "steepness"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["column"]),
        # Into more rows than there are the scores cannot be reshaped: that is the graph's fault.
        helper.make_node("Shape", ["column"], ["rows"]),
        helper.make_node("Add", ["rows", "too_many"], ["shape"]),
        helper.make_node("Reshape", ["column", "shape"], ["score"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        constants,
    )


def with_categories(weight: float = 0.5) -> bytes:
    """Return a graph of `features` [n, 1] and `categories` [n, 1] -> `score` [n].

    The category "high" adds `weight` to the feature before the sigmoid; any other adds nothing.
    """
    constants = [numpy_helper.from_array(np.array([-1], np.int64), "flat")]
    nodes = [
        helper.make_node(
            "LabelEncoder",
            ["categories"],
            ["offset"],
            domain="ai.onnx.ml",
            keys_strings=["high"],
            values_floats=[weight],
            default_float=0.0,
        ),
        helper.make_node("Add", ["features", "offset"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["column"]),
        helper.make_node("Reshape", ["column", "flat"], ["score"]),
    ]
    return _model(
        nodes,
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 1]),
            helper.make_tensor_value_info("categories", TensorProto.STRING, ["n", 1]),
        ],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        constants,
    )


def identity(element: int, shape: Shape) -> bytes:
    """Return a graph `x` -> `y` that gives its input back.

    Args:
        element: `TensorProto` element type.
        shape: dimensions, names for variable ones.
    """
    return _model(
        [helper.make_node("Identity", ["x"], ["y"])],
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", element, shape)],
        [],
    )


def doubling() -> bytes:
    """Return a graph `x` FP32 [n, 2] -> `y` = 2x."""
    return _model(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [],
    )


def batch_mean() -> bytes:
    """Return a graph whose rows depend on each other: `x` [n, 2] -> `y` = x - mean over rows."""
    return _model(
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1),
            helper.make_node("Sub", ["x", "mean"], ["y"]),
        ],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [],
    )


def lookup(size: int) -> bytes:
    """Return a graph that fails on indices out of range: `index` INT64 [n] -> `score` FP32 [n]."""
    table = numpy_helper.from_array(np.linspace(0, 1, size, dtype=np.float32), "table")
    return _model(
        [helper.make_node("Gather", ["table", "index"], ["score"])],
        [helper.make_tensor_value_info("index", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n"])],
        [table],
    )


def positives() -> bytes:
    """Return a graph that drops rows: `x` FP32 [n] -> `score` FP32 [m], the positive ones."""
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    return _model(
        [
            helper.make_node("Greater", ["x", "zero"], ["kept"]),
            helper.make_node("Compress", ["x", "kept"], ["score"]),
        ],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["m"])],
        [zero],
    )


def logarithm() -> bytes:
    """Return a graph that gives NaN for negative inputs: `x` FP32 [n] -> `y` FP32 [n]."""
    return _model(
        [helper.make_node("Log", ["x"], ["y"])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
        [],
    )


def memory_hungry(mebibytes: int) -> bytes:
    """Return a graph that allocates this much at every run: `x` FP32 [n] -> `y` FP32 [n]."""
    big = numpy_helper.from_array(np.array([mebibytes, 1 << 18], np.int64), "big")
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["total"], keepdims=0),
        helper.make_node("Expand", ["total", "big"], ["wide"]),
        helper.make_node("Exp", ["wide"], ["wider"]),
        helper.make_node("ReduceMean", ["wider"], ["mean"], keepdims=0),
        helper.make_node("Add", ["x", "mean"], ["y"]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])],
        [big],
    )


def nested_functions(depth: int) -> bytes:
    """Return a graph `x` FP32 [n, 2] -> `y` = x, through functions that call one another.

    ONNX Runtime goes down call by call, on its thread's stack: with 6000 it is over 8 MiB, and the
    process ends in a segmentation fault.
    """
    domain = "test"
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(domain, 1)]
    innermost = helper.make_node("Identity", ["a"], ["b"])
    calls = [helper.make_node(f"F{n}", ["a"], ["b"], domain=domain) for n in range(1, depth)]
    functions = [
        helper.make_function(domain, f"F{n}", ["a"], ["b"], [node], opsets)
        for n, node in enumerate([*calls, innermost])
    ]
    return _model(
        [helper.make_node("F0", ["x"], ["y"], domain=domain)],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [],
        {"functions": functions, "opset_imports": opsets},
    )


def _model(
    nodes: list,  # type: ignore[type-arg] # onnx's message types are not typed
    inputs: list,  # type: ignore[type-arg]
    outputs: list,  # type: ignore[type-arg]
    constants: list,  # type: ignore[type-arg]
    more: dict[str, Any] | None = None,
) -> bytes:
    graph = helper.make_graph(nodes, "test", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
    settings = {"opset_imports": opsets, "ir_version": IR_VERSION} | (more or {})
    return bytes(helper.make_model(graph, **settings).SerializeToString())
