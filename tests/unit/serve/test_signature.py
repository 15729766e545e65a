"""Signatures of graphs, and whether they are what a plan declares."""

import json
from dataclasses import dataclass

import pytest

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.model.signature import (
    can_merge,
    check_feature_names,
    check_features,
    score_output,
    signature_of,
)
from trimtab_stages.serve.oip.tensors import Signature, TensorSpec


@dataclass
class Argument:
    name: str
    type: str
    shape: list[int | str | None]


FLOAT = "tensor(float)"
SCORE = Argument("score", FLOAT, ["n"])
FEATURES = [
    Feature(name="age"),
    Feature(name="dose"),
    Feature(name="ward", kind=FeatureKind.CATEGORICAL),
]


def signature(*inputs: TensorSpec) -> Signature:
    return Signature(inputs, (TensorSpec("score", "FP32", (-1,)),), common_rows=True)


def test_symbols_and_unknown_sizes_become_minus_one() -> None:
    found = signature_of([Argument("x", "tensor(int64)", ["n", 3, None])], [SCORE])

    assert found.inputs == (TensorSpec("x", "INT64", (-1, 3, -1)),)


@pytest.mark.parametrize(
    ("inputs", "outputs", "common", "mergeable"),
    [
        pytest.param([Argument("x", FLOAT, ["n", 2])], [SCORE], True, True, id="one input"),
        pytest.param([Argument("x", FLOAT, [None, 2])], [SCORE], True, True, id="unnamed rows"),
        pytest.param([Argument("x", FLOAT, [1, 2])], [SCORE], False, False, id="fixed rows"),
        pytest.param([Argument("x", FLOAT, [])], [SCORE], False, False, id="scalar"),
        pytest.param(
            [Argument("x", FLOAT, ["n"]), Argument("z", FLOAT, ["m"])],
            [SCORE],
            False,
            False,
            id="two kinds of rows",
        ),
        pytest.param([Argument("x", FLOAT, ["n", "k"])], [SCORE], True, False, id="ragged columns"),
        pytest.param(
            [Argument("x", FLOAT, ["n", 2])], [Argument("y", FLOAT, [1])], False, False, id="pooled"
        ),
    ],
)
def test_rows_are_common_where_the_shapes_say_so(
    inputs: list[Argument], outputs: list[Argument], *, common: bool, mergeable: bool
) -> None:
    found = signature_of(inputs, outputs)

    assert (found.common_rows, can_merge(found)) == (common, mergeable)


def test_outputs_that_are_no_tensors_are_left_out() -> None:
    zipmap = Argument("probabilities", "seq(map(int64,tensor(float)))", [])
    assert len(signature_of([Argument("x", FLOAT, ["n"])], [SCORE, zipmap]).outputs) == 1
    with pytest.raises(VersionRefusedError, match="zipmap"):
        signature_of([Argument("x", FLOAT, ["n"])], [zipmap])


@pytest.mark.parametrize("kind", ["tensor(bfloat16)", "seq(tensor(float))"])
def test_inputs_that_cannot_be_sent_are_refused_by_name(kind: str) -> None:
    with pytest.raises(VersionRefusedError, match="input `x`") as refused:
        signature_of([Argument("x", kind, ["n"])], [SCORE])

    assert refused.value.reason is ServingReason.WRONG_INPUTS


@pytest.mark.parametrize(
    "inputs",
    [
        pytest.param(
            (TensorSpec("features", "FP32", (-1, 2)), TensorSpec("categories", "BYTES", (-1, 1))),
            id="exact",
        ),
        pytest.param(
            (TensorSpec("categories", "BYTES", (-1, -1)), TensorSpec("features", "FP32", (-1, -1))),
            id="variable columns, other order",
        ),
    ],
)
def test_declared_features_are_accepted(inputs: tuple[TensorSpec, ...]) -> None:
    check_features(signature(*inputs), FEATURES)


@pytest.mark.parametrize(
    ("inputs", "fragment"),
    [
        pytest.param((), "has no input `features`, the plan declares 2", id="no inputs"),
        pytest.param(
            (TensorSpec("features", "FP32", (-1, 2)),),
            "has no input `categories`",
            id="one missing",
        ),
        pytest.param(
            (TensorSpec("features", "FP32", (-1, 3)), TensorSpec("categories", "BYTES", (-1, 1))),
            "takes 3 columns in `features`, the plan declares 2",
            id="column count",
        ),
        pytest.param(
            (TensorSpec("features", "FP64", (-1, 2)), TensorSpec("categories", "BYTES", (-1, 1))),
            "has input `features` as FP64",
            id="datatype",
        ),
        pytest.param(
            (TensorSpec("x", "FP32", (-1, 2)),), "takes an input `x`", id="undeclared input"
        ),
    ],
)
def test_other_inputs_are_refused(inputs: tuple[TensorSpec, ...], fragment: str) -> None:
    with pytest.raises(VersionRefusedError) as refused:
        check_features(signature(*inputs), FEATURES)

    assert refused.value.reason is ServingReason.WRONG_INPUTS
    assert fragment in refused.value.message


def exported(*names: str) -> dict[str, str]:
    kinds = {"ward": "Categorical"}
    listed = [{"name": name, "kind": kinds.get(name, "Numeric"), "unit": None} for name in names]
    return {"trimtab.dev/features": json.dumps(listed)}


@pytest.mark.parametrize(
    "metadata",
    [{}, exported("age", "dose", "ward"), exported("ward", "age", "dose")],
    ids=["no names", "same names", "kinds interleaved differently"],
)
def test_names_in_the_plans_order_are_accepted(metadata: dict[str, str]) -> None:
    check_feature_names(metadata, FEATURES)


@pytest.mark.parametrize(
    ("metadata", "fragment"),
    [
        (exported("dose", "age", "ward"), "numeric feature 0 `dose`, the plan declares `age`"),
        (exported("age", "dose"), "categorical feature 0 `None`, the plan declares `ward`"),
        ({"trimtab.dev/features": "5"}, "no readable list of features"),
    ],
    ids=["swapped columns", "missing column", "unreadable"],
)
def test_names_in_another_order_are_refused(metadata: dict[str, str], fragment: str) -> None:
    with pytest.raises(VersionRefusedError) as refused:
        check_feature_names(metadata, FEATURES)

    assert refused.value.reason is ServingReason.WRONG_INPUTS
    assert fragment in refused.value.message


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        pytest.param([TensorSpec("score", "FP32", (-1,))], "score", id="by name"),
        pytest.param(
            [TensorSpec("p", "FP32", (-1, 3)), TensorSpec("score", "FP64", (-1,))],
            "score",
            id="name before order",
        ),
        pytest.param(
            [TensorSpec("label", "INT64", (-1,)), TensorSpec("p", "FP32", (-1, 3))],
            "p",
            id="first floating",
        ),
        pytest.param([TensorSpec("map", "FP32", (-1, 3, 8))], None, id="too many dimensions"),
    ],
)
def test_score_output(outputs: list[TensorSpec], expected: str | None) -> None:
    found = score_output(Signature((), tuple(outputs)))

    assert (found.name if found else None) == expected
