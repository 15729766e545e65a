"""What a graph takes and gives, and whether that is what the plan declares."""

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Protocol

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.export.metadata import FEATURES as FEATURE_NAMES
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.oip.datatypes import FLOATING, ONNX_DATATYPES
from trimtab_stages.serve.oip.tensors import VARIABLE, Signature, TensorSpec

FEATURES = "features"
"""Input of Trimtab's own graphs: FP32 [N, F], the numeric features in plan order."""
CATEGORIES = "categories"
"""Input of Trimtab's own graphs: BYTES [N, C], the categorical features in plan order."""
SCORE = "score"
"""Output of Trimtab's own graphs: FP32 [N] or [N, K]."""
DECISION = "decision"
"""Output that the server adds where the plan has a threshold or classes: INT64 [N]."""

_UNSUPPORTED = frozenset({"BF16"})


class NodeArgument(Protocol):
    """ONNX Runtime's description of an input or output."""

    @property
    def name(self) -> str:
        """The tensor's name."""
        ...

    @property
    def type(self) -> str:
        """Its type, for example `tensor(float)`."""
        ...

    @property
    def shape(self) -> Sequence[int | str | None]:
        """Its dimensions; names and None are variable."""
        ...


def signature_of(inputs: Sequence[NodeArgument], outputs: Sequence[NodeArgument]) -> Signature:
    """Return a graph's signature; outputs that are no tensors (sequences, maps) are left out.

    Raises:
        VersionRefusedError: an input is no tensor, or no output is one.
    """
    for argument in inputs:
        if ONNX_DATATYPES.get(argument.type) in {None, *_UNSUPPORTED}:
            raise VersionRefusedError(
                ServingReason.WRONG_INPUTS,
                f"input `{argument.name}` has type {argument.type}, which the server does not take;"
                " export the graph with tensor inputs (FP16 instead of bfloat16)",
            )
    given = tuple(
        _spec_of(argument)
        for argument in outputs
        if ONNX_DATATYPES.get(argument.type) not in {None, *_UNSUPPORTED}
    )
    if not given:
        raise VersionRefusedError(
            ServingReason.INVALID_MODEL,
            "no output of the graph is a tensor that the server can give; "
            "export the graph with tensor outputs (skl2onnx: option `zipmap`: False)",
        )
    return Signature(
        tuple(_spec_of(argument) for argument in inputs),
        given,
        _has_common_rows(inputs, given),
    )


def check_features(signature: Signature, features: Sequence[Feature]) -> None:
    """Check that a graph takes exactly the plan's features; no features means any graph will do.

    Raises:
        VersionRefusedError: `WrongInputs`, naming the input, what it is and what it should be.
    """
    if not features:
        return
    columns = {
        FEATURES: ("FP32", _count(features, FeatureKind.NUMERIC)),
        CATEGORIES: ("BYTES", _count(features, FeatureKind.CATEGORICAL)),
    }
    found = {spec.name: spec for spec in signature.inputs}
    for name in found.keys() - columns.keys():
        raise _wrong_inputs(f"takes an input `{name}` that the plan does not declare")
    for name, (datatype, count) in columns.items():
        spec = found.get(name)
        if spec is None:
            if count:
                raise _wrong_inputs(
                    f"has no input `{name}`, the plan declares {count} such features"
                )
            continue
        if spec.datatype != datatype or len(spec.shape) != 2:  # noqa: PLR2004 - rows and columns
            raise _wrong_inputs(
                f"has input `{name}` as {spec.datatype} {list(spec.shape)}, "
                f"the plan needs {datatype} [-1, {count}]"
            )
        if spec.shape[1] not in {VARIABLE, count}:
            raise _wrong_inputs(
                f"takes {spec.shape[1]} columns in `{name}`, the plan declares {count} of them"
            )


def check_feature_names(metadata: Mapping[str, str], features: Sequence[Feature]) -> None:
    """Check that the names a graph was exported with are the plan's, in the same order.

    Args:
        metadata: the file's `metadata_props`; a file without names passes.
        features: the plan's features; none passes.

    Raises:
        VersionRefusedError: `WrongInputs`, naming the first feature that differs.
    """
    if not features or FEATURE_NAMES not in metadata:
        return
    try:
        exported = [(one["name"], one["kind"]) for one in json.loads(metadata[FEATURE_NAMES])]
    except (ValueError, KeyError, TypeError):
        raise _wrong_inputs(f"has no readable list of features in `{FEATURE_NAMES}`") from None
    planned = [(feature.name, feature.kind.value) for feature in features]
    for kind in FeatureKind:
        columns = [[name for name, one in side if one == kind] for side in (exported, planned)]
        for index, (given, wanted) in enumerate(zip_longest(*columns)):
            if given != wanted:
                raise _wrong_inputs(
                    f"was exported with {kind.value.lower()} feature {index} `{given}`, "
                    f"the plan declares `{wanted}` there"
                )


def can_merge(signature: Signature) -> bool:
    """Whether rows of several requests may share a run, as far as the shapes tell.

    True when rows are common and every other dimension of the inputs is fixed.
    """
    return signature.common_rows and not any(
        VARIABLE in spec.shape[1:] for spec in signature.inputs
    )


def score_output(signature: Signature) -> TensorSpec | None:
    """Return the output with the rows' scores: `score`, else the first floating [N] or [N, K]."""
    named = [spec for spec in signature.outputs if spec.name == SCORE]
    fitting = [
        spec
        for spec in (*named, *signature.outputs)
        if spec.datatype in FLOATING and len(spec.shape) in {1, 2} and spec.shape[0] == VARIABLE
    ]
    return fitting[0] if fitting else None


def _spec_of(argument: NodeArgument) -> TensorSpec:
    shape = tuple(
        size if isinstance(size, int) and size >= 0 else VARIABLE for size in argument.shape
    )
    return TensorSpec(argument.name, ONNX_DATATYPES[argument.type], shape)


def _has_common_rows(inputs: Sequence[NodeArgument], outputs: Sequence[TensorSpec]) -> bool:
    names = {argument.shape[0] if argument.shape else 0 for argument in inputs}
    named = len(names) == 1 and isinstance(next(iter(names)), str)
    alone = len(inputs) == 1 and names == {None}
    return (named or alone) and all(spec.shape[:1] == (VARIABLE,) for spec in outputs)


def _count(features: Sequence[Feature], kind: FeatureKind) -> int:
    return sum(feature.kind is kind for feature in features)


def _wrong_inputs(fault: str) -> VersionRefusedError:
    return VersionRefusedError(
        ServingReason.WRONG_INPUTS,
        f"the graph {fault}; export the graph from the run that the plan's features come from",
    )
