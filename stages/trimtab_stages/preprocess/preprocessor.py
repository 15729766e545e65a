"""The fitted preprocessing: an ordered list of steps and the categories of the one-hot columns."""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from trimtab_stages.contract.base import StoredModel, StrictModel
from trimtab_stages.contract.gates import LeverLoss
from trimtab_stages.preprocess.split import Floats, SplitRows, Strings
from trimtab_stages.preprocess.steps import Step


class Vocabulary(StrictModel):
    """One-hot columns of one categorical feature; a value outside gives zeros everywhere."""

    feature: str
    """Name of the feature."""
    column: int
    """Column of the input tensor `categories`."""
    values: list[str]
    """Categories of the training split, sorted; one column each."""

    def encode(self, categorical: Strings) -> Floats:
        """Return the one-hot columns, float32 [n, len(values)]."""
        matches: npt.NDArray[np.bool_] = categorical[:, self.column, None] == np.array(
            self.values, dtype=object
        )
        return matches.astype(np.float32)


class Preprocessor(StoredModel):
    """Everything between raw features and the network's inputs, fitted on the training split."""

    steps: list[Step]
    """Steps on the numeric features, in order."""
    numeric: list[str]
    """Names of the numeric columns after the last step."""
    vocabularies: list[Vocabulary]
    """Categorical features that stay, in order; their columns follow the numeric ones."""
    levers: list[LeverLoss] = Field(default_factory=list)
    """What every lever loses and costs, in order."""

    @property
    def width(self) -> int:
        """Number of network inputs."""
        return len(self.numeric) + sum(len(words.values) for words in self.vocabularies)

    def transform(self, rows: SplitRows) -> Floats:
        """Return the network's inputs, float32 [n, width]."""
        x = rows.numeric
        for step in self.steps:
            x = step.apply(x)
        encoded = [words.encode(rows.categorical) for words in self.vocabularies]
        return np.ascontiguousarray(np.concatenate([x, *encoded], axis=1), dtype=np.float32)
