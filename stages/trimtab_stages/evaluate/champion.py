"""Scores the champion on the challenger's test rows, where the two can be compared."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.export.graph import CATEGORIES, FEATURES
from trimtab_stages.export.metadata import FEATURES as FEATURES_KEY
from trimtab_stages.export.metadata import TRAINED_UNTIL
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.split import Floats, SplitRows

LOG = logging.getLogger(__name__)

ENOUGH_ROWS = 100


class NotComparableError(Exception):
    """The champion cannot be scored on these rows; says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Comparable:
    """The rows on which champion and challenger meet.

    Attributes:
        rows: indices into the test split.
        scores: the champion's scores on them.
        note: which rows, in one sentence.
        favoured: whether the champion has learnt from some of them.
    """

    rows: np.ndarray
    scores: Floats
    note: str
    favoured: bool


def score_champion(
    data: bytes, manifest: SnapshotManifest, test: SplitRows, shape: tuple[int, ...]
) -> Comparable:
    """Score the champion on the rows that it has not learnt from, or on all where too few are left.

    Rows that the champion has been fitted on favour it, so passing against it there is still
    proof; failing is then none, and the gate is inconclusive.

    Args:
        data: the champion's ONNX file.
        manifest: the challenger's snapshot.
        test: its test split.
        shape: trailing shape of the challenger's scores.

    Raises:
        NotComparableError: the champion needs other inputs, or answers in another form.
    """
    try:
        graph = Graph(data)
    except Exception as error:
        # ONNX Runtime's exception types are not public; any of them means the same here.
        raise NotComparableError(f"the champion's file cannot be loaded: {error}") from error
    chosen = _unseen_rows(graph, test)
    rows = chosen.rows
    inputs = _select_inputs(graph, manifest, test.take(rows))
    try:
        scores = graph.scores(inputs)
    except Exception as error:
        raise NotComparableError(f"the champion cannot score these rows: {error}") from error
    if scores.shape[1:] != shape:
        raise NotComparableError("the champion answers with another number of classes")
    return Comparable(rows, scores, chosen.note, chosen.favoured)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Indices into the test split, why these, and whether the champion has learnt from some."""

    rows: np.ndarray
    note: str
    favoured: bool = False


def _unseen_rows(graph: Graph, test: SplitRows) -> _Chosen:
    everything = np.arange(len(test))
    until = graph.metadata.get(TRAINED_UNTIL)
    if until is None:
        return _Chosen(everything, "compared on all test rows")
    unseen = np.flatnonzero(test.time_ns > int(until))
    if len(unseen) == len(test):
        note = "compared on all test rows, none of which the champion has learnt from"
        return _Chosen(everything, note)
    if len(unseen) >= ENOUGH_ROWS:
        return _Chosen(
            unseen, "compared on the test rows that are newer than the champion's training"
        )
    note = "compared on all test rows, some of which the champion has learnt from: that favours it"
    return _Chosen(everything, note, favoured=True)


def _select_inputs(graph: Graph, manifest: SnapshotManifest, rows: SplitRows) -> SplitRows:
    wanted = _declared(graph)
    if wanted is None:
        return _same_widths(graph, rows)
    return SplitRows(
        rows.numeric[:, _columns(wanted, manifest.features, FeatureKind.NUMERIC)],
        rows.categorical[:, _columns(wanted, manifest.features, FeatureKind.CATEGORICAL)],
        rows.target,
        rows.time_ns,
    )


def _declared(graph: Graph) -> list[tuple[str, str]] | None:
    text = graph.metadata.get(FEATURES_KEY)
    if text is None:
        return None
    return [(str(entry["name"]), str(entry["kind"])) for entry in json.loads(text)]


def _columns(
    wanted: Sequence[tuple[str, str]], given: Sequence[Feature], kind: FeatureKind
) -> list[int]:
    names = [feature.name for feature in given if feature.kind is kind]
    needed = [name for name, of_kind in wanted if of_kind == kind]
    missing = [name for name in needed if name not in names]
    if missing:
        raise NotComparableError(f"the champion needs `{missing[0]}`, which the snapshot lacks")
    return [names.index(name) for name in needed]


def _same_widths(graph: Graph, rows: SplitRows) -> SplitRows:
    given = {FEATURES: rows.numeric.shape[1], CATEGORIES: rows.categorical.shape[1]}
    for name, width in graph.widths.items():
        if given.get(name) != width:
            raise NotComparableError(
                f"the champion's file names no features, and its input `{name}` has {width} "
                f"columns where the snapshot has {given.get(name)}"
            )
    return rows
