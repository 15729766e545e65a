"""Fitted levers in the store: an edited lever is fitted again with those behind it, no other."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Self

from trimtab_stages.contract import layout
from trimtab_stages.contract.base import StoredModel
from trimtab_stages.contract.gates import LeverLoss
from trimtab_stages.preprocess.fit import Columns
from trimtab_stages.preprocess.steps import Step
from trimtab_stages.store import ArtifactConflict, NotFound, Store


class FittedLever(StoredModel):
    """One lever, fitted behind the levers that its cache key names."""

    step: Step
    """What it does to the numeric columns."""
    numeric: list[str]
    """Names of the numeric columns behind it."""
    categorical: list[str]
    """Categorical features that are still kept behind it."""
    loss: LeverLoss
    """What it loses and costs, measured when it was fitted."""

    @classmethod
    def of(cls, step: Step, behind: Columns, loss: LeverLoss) -> Self:
        """Return a lever by its step and the columns behind it."""
        kept = [words.feature for words in behind.vocabularies]
        return cls(step=step, numeric=list(behind.numeric), categorical=kept, loss=loss)

    def apply(self, before: Columns) -> Columns:
        """Return the columns behind the lever."""
        return replace(
            before,
            numeric=tuple(self.numeric),
            values=self.step.apply(before.values),
            vocabularies=tuple(
                words for words in before.vocabularies if words.feature in self.categorical
            ),
        )


def read_fitted(store: Store, keys: Sequence[str]) -> list[FittedLever]:
    """Return the levers that earlier runs have fitted: those before the first one without.

    Args:
        store: where they lie.
        keys: cache keys of all levers, in order.
    """
    found: list[FittedLever] = []
    with suppress(NotFound):
        for key in keys:
            data = store.get(layout.fitted_lever(key))
            found.append(FittedLever.model_validate_json(data))
    return found


def keep_fitted(store: Store, key: str, fitted: FittedLever) -> None:
    """Store a fitted lever for later runs."""
    # Another attempt was faster: at least its seconds differ. The first one is the one.
    with suppress(ArtifactConflict):
        store.put_if_absent(layout.fitted_lever(key), fitted.to_bytes())
