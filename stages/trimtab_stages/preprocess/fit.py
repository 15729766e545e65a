"""Fits the recipe's levers, one after the other, on the training split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Lever, LeverOp
from trimtab_stages.preprocess.preprocessor import Vocabulary
from trimtab_stages.preprocess.split import Floats, SplitRows
from trimtab_stages.preprocess.steps import Bound, Combine, Pick, Standardise, Step


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns at one point between two levers.

    Attributes:
        numeric: names of the numeric columns.
        values: their values on the training split, float32 [n, len(numeric)].
        vocabularies: categorical features that are still kept.
    """

    numeric: tuple[str, ...]
    values: Floats
    vocabularies: tuple[Vocabulary, ...]

    @property
    def width(self) -> int:
        """Number of columns, one-hot columns included."""
        return len(self.numeric) + sum(len(words.values) for words in self.vocabularies)


def build_vocabularies(train: SplitRows, names: Sequence[str]) -> tuple[Vocabulary, ...]:
    """Return the sorted categories of every categorical feature of the training split."""
    return tuple(
        Vocabulary(feature=name, column=column, values=sorted(set(train.categorical[:, column])))
        for column, name in enumerate(names)
    )


def fit_lever(lever: Lever, before: Columns) -> tuple[Step, Columns]:
    """Fit one lever and return its step with the columns behind it.

    Raises:
        StageError: InvalidInvocation, the lever names a column that is not there, or leaves none.
    """
    _refuse_unknown(lever, before)
    match lever.op:
        case LeverOp.SCALE:
            step: Step = _fit_scale(lever, before)
        case LeverOp.CLIP:
            step = _fit_clip(lever, before)
        case LeverOp.SELECT:
            return _fit_select(lever, before)
        case LeverOp.PROJECT:
            return _fit_project(lever, before)
        case _:
            assert_never(lever.op)
    return step, replace(before, values=step.apply(before.values))


def _fit_scale(lever: Lever, before: Columns) -> Standardise:
    acted = _acted_on(lever, before)
    x = before.values.astype(np.float64)
    deviation = x.std(axis=0)
    usable = acted & (deviation > 0)
    return Standardise(
        center=np.where(acted, x.mean(axis=0), 0.0).tolist(),
        scale=np.where(usable, deviation, 1.0).tolist(),
    )


def _fit_clip(lever: Lever, before: Columns) -> Bound:
    acted = _acted_on(lever, before)
    quantile = float(lever.quantile or 0)
    low, high = np.quantile(before.values, [quantile, 1 - quantile], axis=0)
    # The largest float32, not infinity: JSON has no infinities, and the effect is the same.
    widest = float(np.finfo(np.float32).max)
    return Bound(
        low=np.where(acted, low, -widest).tolist(), high=np.where(acted, high, widest).tolist()
    )


def _fit_select(lever: Lever, before: Columns) -> tuple[Step, Columns]:
    wanted = set(lever.columns or [])
    indices = [index for index, name in enumerate(before.numeric) if name in wanted]
    kept = tuple(words for words in before.vocabularies if words.feature in wanted)
    after = Columns(
        tuple(before.numeric[index] for index in indices), before.values[:, indices], kept
    )
    if after.width == 0:
        raise _invalid(lever, "keeps no column; name at least one feature under `columns`")
    return Pick(indices=indices), after


def _fit_project(lever: Lever, before: Columns) -> tuple[Step, Columns]:
    acted = np.flatnonzero(_acted_on(lever, before))
    count = lever.components or 1
    if count > len(acted):
        raise _invalid(
            lever, f"wants {count} components of {len(acted)} columns; lower `components`"
        )
    x = before.values[:, acted].astype(np.float64)
    directions = _principal_directions(x, count)
    kept = np.setdiff1d(np.arange(len(before.numeric)), acted)
    weight = np.zeros((len(before.numeric), count + len(kept)))
    weight[acted, :count] = directions
    weight[kept, count + np.arange(len(kept))] = 1.0
    bias = np.zeros(weight.shape[1])
    bias[:count] = -x.mean(axis=0) @ directions
    names = [f"{lever.name}_{index + 1}" for index in range(count)]
    step = Combine(weight=weight.tolist(), bias=bias.tolist())
    after = replace(
        before,
        numeric=(*names, *(before.numeric[index] for index in kept)),
        values=step.apply(before.values),
    )
    return step, after


def _principal_directions(x: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Return the first principal directions [width, count], each with a positive largest entry."""
    centered = x - x.mean(axis=0)
    _, vectors = np.linalg.eigh(centered.T @ centered)
    first = vectors[:, ::-1][:, :count]
    largest = first[np.abs(first).argmax(axis=0), np.arange(count)]
    return np.asarray(first * np.where(largest < 0, -1.0, 1.0))


def _acted_on(lever: Lever, before: Columns) -> npt.NDArray[np.bool_]:
    wanted = before.numeric if lever.columns is None else lever.columns
    return np.array([name in set(wanted) for name in before.numeric], dtype=bool)


def _refuse_unknown(lever: Lever, before: Columns) -> None:
    known = set(before.numeric)
    if lever.op is LeverOp.SELECT:
        known |= {words.feature for words in before.vocabularies}
    unknown = [name for name in lever.columns or [] if name not in known]
    if unknown:
        raise _invalid(
            lever,
            f"names `{unknown[0]}` under `columns`, but the columns at this point are "
            f"{', '.join(sorted(known))}; correct the name, or the order of the levers",
        )


def _invalid(lever: Lever, cause: str) -> StageError:
    return StageError(
        StageReason.INVALID_INVOCATION, f"lever `{lever.name}` ({lever.op}) {cause}"[:2000]
    )
