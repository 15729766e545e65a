"""What would have happened otherwise: a frozen first model, and one refitted every window."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from demo.journey import Journey
from demo.tenant import tenant_store
from replay.arms import Field, boosting_quality
from replay.learner import Fitted, Learner
from replay.streams import Stream
from trimtab_operator.api.kinds import PIPELINE
from trimtab_operator.api.pipeline import Pipeline
from trimtab_stages.contract.run import Commit
from trimtab_stages.export.session import Graph
from trimtab_stages.store import LocalStore


@dataclass(frozen=True)
class Beside:
    """Policies that are scored beside the loop, from the same first model.

    Attributes:
        stream: the data.
        first: the first model that the cluster served.
        field: models trained by the Pipeline's own recipe.
    """

    stream: Stream
    first: Fitted
    field: Field

    @classmethod
    def of(cls, journey: Journey, stream: Stream, commit: Commit, folder: Path) -> "Beside":
        """Return the policies; the first model's file comes from the tenant's bucket."""
        with tenant_store(journey.namespace) as store:
            first = Fitted(commit, Graph(store.get(commit.model.file.key)))
        pipeline = PIPELINE.parse(journey.kubectl.get(f"pipeline/{journey.name}"))
        if not isinstance(pipeline, Pipeline):
            raise TypeError("the kind Pipeline parses to a Pipeline")
        for name in ("store", "work"):
            (folder / name).mkdir()
        store = LocalStore(folder / "store")
        learner = Learner(stream, pipeline.spec.recipe(), store, folder / "work")
        return cls(stream, first, Field(learner))

    def frozen(self) -> NDArray[np.float64]:
        """Return the first model's balanced accuracy in each window."""
        return np.array([self._quality(window) for window in range(self.stream.windows)])

    def every(self) -> NDArray[np.float64]:
        """Return the same of a model that is refitted before each window but the first."""
        later = [self.field.quality(window, window) for window in range(1, self.stream.windows)]
        return np.array([self._quality(0), *later])

    def boosting(self) -> float:
        """Return the quality of gradient boosting in the first window."""
        return boosting_quality(self.stream)

    def _quality(self, window: int) -> float:
        rows = self.stream.window(window)
        decided = self.first.decide(self.stream, rows)
        return float(balanced_accuracy_score(self.stream.truth[rows], decided))
