"""Fitted steps: the arithmetic that numpy does in training and the exported graph in serving."""

from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import Field

from trimtab_stages.contract.base import StrictModel
from trimtab_stages.preprocess.split import Floats

Vector = list[float]


class Standardise(StrictModel):
    """(x - center) / scale, column by column; 0 and 1 leave a column as it is."""

    op: Literal["Standardise"] = "Standardise"
    center: Vector
    """Subtracted, [width]."""
    scale: Vector
    """Divided by, [width], never 0."""

    def apply(self, x: Floats) -> Floats:
        """Return the step's output, float32 [n, width]."""
        return (x - to_float32(self.center)) / to_float32(self.scale)


class Bound(StrictModel):
    """Values below `low` become `low`, above `high` become `high`."""

    op: Literal["Bound"] = "Bound"
    low: Vector
    """Lower limits, [width]."""
    high: Vector
    """Upper limits, [width]."""

    def apply(self, x: Floats) -> Floats:
        """Return the step's output, float32 [n, width]."""
        return np.minimum(np.maximum(x, to_float32(self.low)), to_float32(self.high))


class Pick(StrictModel):
    """Columns by index, in order."""

    op: Literal["Pick"] = "Pick"
    indices: list[int]
    """Columns that stay."""

    def apply(self, x: Floats) -> Floats:
        """Return the step's output, float32 [n, len(indices)]."""
        return x[:, self.indices]


class Combine(StrictModel):
    """x @ weight + bias."""

    op: Literal["Combine"] = "Combine"
    weight: list[Vector]
    """[width in, width out]."""
    bias: Vector
    """[width out]."""

    def apply(self, x: Floats) -> Floats:
        """Return the step's output, float32 [n, width out]."""
        return x @ to_float32(self.weight) + to_float32(self.bias)


Step = Annotated[Standardise | Bound | Pick | Combine, Field(discriminator="op")]


class Applicable(Protocol):
    """Anything that maps numeric columns to numeric columns."""

    def apply(self, x: Floats) -> Floats:
        """Return the output, float32 [n, width out]."""
        ...


def to_float32(values: Vector | list[Vector]) -> Floats:
    """Return the values as float32: the precision of training and of the graph."""
    return np.asarray(values, dtype=np.float32)
