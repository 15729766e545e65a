"""The rows of a request as named numeric and categorical columns, for panes and captured rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.serve.model.signature import CATEGORIES, FEATURES
from trimtab_stages.serve.oip.datatypes import STRUCT_CODES
from trimtab_stages.serve.oip.tensors import VARIABLE, Signature, Tensor, TensorSpec

Matrix = NDArray[np.float32]

MOST_COLUMNS = 4096
"""Wider inputs (images, embeddings) are no columns and are not observed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where columns come from.

    Attributes:
        input: name of the input tensor, [N], [N, 1] or [N, width].
        names: names of its columns.
    """

    input: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """How to see a version's inputs as columns.

    Attributes:
        numeric: sources of the numeric columns.
        categorical: sources of the categorical ones.
    """

    numeric: tuple[Slot, ...]
    categorical: tuple[Slot, ...]

    @property
    def numeric_names(self) -> list[str]:
        """Names of the numeric columns, [F]."""
        return [name for slot in self.numeric for name in slot.names]

    @property
    def categorical_names(self) -> list[str]:
        """Names of the categorical columns, [C]."""
        return [name for slot in self.categorical for name in slot.names]

    def numeric_matrix(self, inputs: dict[str, Tensor], rows: int) -> Matrix:
        """Return float32 [N, F]; shares memory with the input where there is only one."""
        return _matrix(self.numeric, inputs, rows, np.float32)

    def categorical_matrix(self, inputs: dict[str, Tensor], rows: int) -> Tensor:
        """Return strings [N, C]."""
        return _matrix(self.categorical, inputs, rows, object)


def columns_of(
    signature: Signature, features: Sequence[Feature], reference: ReferenceProfile | None
) -> Columns:
    """Return the columns of a version's inputs.

    With features in the plan they are the columns of `features` and `categories`. For any other
    graph each input [N] or [N, 1] is a column of its own name; the columns of an input [N, F] have
    the names of the reference cells where there are F, else `<input>_<index>`.
    """
    if features:
        return Columns(
            numeric=_feature_slot(FEATURES, features, FeatureKind.NUMERIC),
            categorical=_feature_slot(CATEGORIES, features, FeatureKind.CATEGORICAL),
        )
    numeric = [cells.name for cells in reference.numeric] if reference else []
    categorical = [cells.name for cells in reference.categorical] if reference else []
    if not signature.common_rows:
        return Columns((), ())
    return Columns(
        numeric=_slots(signature, lambda spec: spec.datatype in STRUCT_CODES, numeric),
        categorical=_slots(signature, lambda spec: spec.datatype == "BYTES", categorical),
    )


def _feature_slot(name: str, features: Sequence[Feature], kind: FeatureKind) -> tuple[Slot, ...]:
    names = tuple(feature.name for feature in features if feature.kind is kind)
    return (Slot(name, names),) if names else ()


def _slots(
    signature: Signature, wanted: Callable[[TensorSpec], bool], known: Sequence[str]
) -> tuple[Slot, ...]:
    slots = [Slot(spec.name, _names(spec, known)) for spec in signature.inputs if wanted(spec)]
    return tuple(slot for slot in slots if slot.names)


def _names(spec: TensorSpec, known: Sequence[str]) -> tuple[str, ...]:
    width = _width(spec.shape)
    if width == 1:
        return (spec.name,)
    if width == len(known):
        return tuple(known)
    return tuple(f"{spec.name}_{index}" for index in range(width))


def _width(shape: tuple[int, ...]) -> int:
    if len(shape) == 1:
        return 1
    fits = len(shape) == 2 and shape[1] != VARIABLE and shape[1] <= MOST_COLUMNS  # noqa: PLR2004 - rows and columns
    return shape[1] if fits else 0


def _matrix(slots: tuple[Slot, ...], inputs: dict[str, Tensor], rows: int, dtype: type) -> Tensor:
    if not slots:
        return np.empty((rows, 0), dtype=dtype)
    parts = [inputs[slot.input].reshape(rows, len(slot.names)) for slot in slots]
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return whole.astype(dtype, copy=False)
