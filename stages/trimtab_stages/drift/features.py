"""How far each feature of a window has moved from the reference, whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract.monitoring import FeatureDrift, Signal, Statistic
from trimtab_stages.contract.serving_plan import CategoricalReference, ReferenceProfile
from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.chi_square import cells_p_value, numeric_p_value
from trimtab_stages.drift.false_discovery import benjamini_hochberg
from trimtab_stages.drift.jensen_shannon import jensen_shannon
from trimtab_stages.drift.merge import Counts, Floats, MergedPanes
from trimtab_stages.drift.psi import psi
from trimtab_stages.drift.wasserstein import wasserstein


@dataclass(frozen=True, slots=True)
class NumericMoves:
    """Statistics of the numeric features that have values in the window, [F] each."""

    names: tuple[str, ...]
    wasserstein: Floats
    psi: Floats
    p_value: Floats


@dataclass(frozen=True, slots=True)
class CategoricalMoves:
    """Statistics of the categorical features that have values in the window, [F] each."""

    names: tuple[str, ...]
    jensen_shannon: Floats
    psi: Floats
    p_value: Floats


@dataclass(frozen=True, slots=True)
class Moves:
    """Statistics of all features that have values in the window."""

    numeric: NumericMoves
    categorical: CategoricalMoves


def measure_moves(reference: ReferenceProfile, table: NumericTable, panes: MergedPanes) -> Moves:
    """Return the statistics of every feature that has a value in the window.

    Args:
        reference: what the champion was trained on.
        table: its numeric features in the window.
        panes: the window's merged panes.
    """
    return Moves(_numeric_moves(table), _categorical_moves(reference.categorical, panes))


def judge_features(signal: Signal, moves: Moves) -> list[FeatureDrift]:
    """Return the features that a signal asks for, the most drifted first.

    A feature has drifted when its effect is above the signal's, and its difference is among those
    that Benjamini and Hochberg's procedure does not put down to chance.
    """
    wanted = frozenset(signal.features)
    found = [
        drift
        for drift in (*_numeric(signal.statistic, moves.numeric), *_categorical(moves.categorical))
        if not wanted or drift.feature in wanted
    ]
    p_values = np.array([drift.p_value for drift in found])
    no_chance = benjamini_hochberg(p_values, float(signal.false_discovery_rate))
    judged = [
        drift.model_copy(update={"drifted": bool(real) and drift.effect > float(signal.effect)})
        for drift, real in zip(found, no_chance, strict=True)
    ]
    return sorted(judged, key=lambda drift: (-drift.effect, drift.feature))


def _numeric_moves(table: NumericTable) -> NumericMoves:
    known = np.flatnonzero(table.rows > 0)
    return NumericMoves(
        names=tuple(table.names[index] for index in known.tolist()),
        wasserstein=wasserstein(table).value[known],
        psi=psi(table.reference, table.observed)[known],
        p_value=numeric_p_value(table)[known],
    )


def _categorical_moves(
    references: Sequence[CategoricalReference], panes: MergedPanes
) -> CategoricalMoves:
    known = [one for one in references if any(panes.categorical.get(one.name, {}).values())]
    reference, observed = _categorical_counts(known, panes)
    return CategoricalMoves(
        names=tuple(one.name for one in known),
        jensen_shannon=jensen_shannon(reference, observed),
        psi=psi(reference, observed),
        p_value=cells_p_value(reference, observed),
    )


def _categorical_counts(
    references: Sequence[CategoricalReference], panes: MergedPanes
) -> tuple[Counts, Counts]:
    """Return counts of reference and window, the most frequent category first, [F, C] each."""
    columns = []
    for one in references:
        window = panes.categorical[one.name]
        names = sorted({*one.counts, *window})
        counts = np.array(
            [[one.counts.get(name, 0) for name in names], [window.get(name, 0) for name in names]],
            dtype=np.int64,
        )
        columns.append(counts[:, np.argsort(-counts.sum(axis=0), kind="stable")])
    width = max((counts.shape[1] for counts in columns), default=1)
    padded = np.zeros((2, len(columns), width), dtype=np.int64)
    for index, counts in enumerate(columns):
        padded[:, index, : counts.shape[1]] = counts
    return padded[0], padded[1]


def _numeric(statistic: Statistic, moves: NumericMoves) -> list[FeatureDrift]:
    effects = moves.psi if statistic is Statistic.PSI else moves.wasserstein
    columns = (effects, moves.wasserstein, moves.psi, moves.p_value)
    return [
        FeatureDrift(
            feature=name, effect=effect, wasserstein=distance, psi=index, p_value=p, drifted=False
        )
        for name, effect, distance, index, p in zip(
            moves.names, *(column.tolist() for column in columns), strict=True
        )
    ]


def _categorical(moves: CategoricalMoves) -> list[FeatureDrift]:
    columns = (moves.jensen_shannon, moves.psi, moves.p_value)
    return [
        FeatureDrift(
            feature=name,
            effect=distance,
            jensen_shannon=distance,
            psi=index,
            p_value=p,
            drifted=False,
        )
        for name, distance, index, p in zip(
            moves.names, *(column.tolist() for column in columns), strict=True
        )
    ]
