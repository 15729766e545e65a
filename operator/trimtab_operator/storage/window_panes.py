"""Merges the panes of one window, and keeps what they say together as one object.

Servers write a pane for every pod, flush and bucket. The merged ones are few, say the same to the
last bit, and stay when a bucket's lifecycle rule removes the others.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from trimtab_operator.storage.window_records import Read
from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import NewerSchemaError, digest_of_bytes
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.contract.pane import CompactedPanes, NumericCells, Pane
from trimtab_stages.drift.merge import MergedPanes, NumericSums, merge
from trimtab_stages.store import NotFound, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WindowPanes:
    """Panes of a window.

    Attributes:
        sums: what they say together.
        buckets: what they say by event-time bucket.
        keys: which ones they are, sorted.
        unreadable: objects that have another format.
    """

    sums: MergedPanes
    buckets: list[Pane]
    keys: list[str]
    unreadable: int


def merge_panes(read: Read, keys: Sequence[str], closed_ns: int | None) -> WindowPanes:
    """Return the sums of panes; those of one bucket first, so that few are held at a time."""
    taken: list[str] = []
    merged: list[Pane] = []
    unreadable = 0
    for _, bucket in groupby(sorted(keys), key=lambda key: key.rpartition("/")[0]):
        found = [(key, _read_pane(read, key)) for key in bucket]
        unreadable += sum(pane is None for _, pane in found)
        counted = [
            (key, pane) for key, pane in found if pane is not None and _counts(pane, closed_ns)
        ]
        if counted:
            taken += [key for key, _ in counted]
            merged.append(_merge_bucket([pane for _, pane in counted]))
    return WindowPanes(merge(merged), merged, taken, unreadable)


def keep_compacted(store: Store, monitor: str, buckets: Sequence[Pane]) -> ArtifactRef:
    """Store merged panes and return where; nothing changes where they are there already.

    Raises:
        StoreError: the store cannot be written.
    """
    data = CompactedPanes.join(buckets)
    digest = digest_of_bytes(data)
    key = layout.compacted_panes(monitor, digest)
    store.put_if_absent(key, data)
    return ArtifactRef(key=key, digest=digest, size=len(data))


def panes_of(store: Store, evaluation: Evaluation) -> WindowPanes:
    """Return the panes that a report rests on, the merged ones where a single one is gone.

    Raises:
        NotFound: both are gone.
        StoreError: the store does not answer.
        ValueError: the merged ones are needed, and are not those that the report names.
    """
    try:
        return merge_panes(store.get, evaluation.panes, evaluation.closed_ns)
    except NotFound:
        if evaluation.compacted is None:
            raise
        buckets = _read_compacted(store, evaluation.compacted)
        return WindowPanes(merge(buckets), buckets, evaluation.panes, 0)


def is_compacted(store: Store, evaluation: Evaluation, panes: WindowPanes) -> bool:
    """Return whether the merged panes that a report names, if it does, say what its panes say.

    Raises:
        StoreError: the store does not answer.
    """
    if evaluation.compacted is None:
        return True
    try:
        return _read_compacted(store, evaluation.compacted) == panes.buckets
    except (ValueError, NewerSchemaError, NotFound):
        return False


def _read_compacted(store: Store, file: ArtifactRef) -> list[Pane]:
    data = store.get(file.key)
    if digest_of_bytes(data) != file.digest:
        raise ValueError(f"{file.key} is not the object that the report names")
    return CompactedPanes.from_bytes(data).panes


def _read_pane(read: Read, key: str) -> Pane | None:
    data = read(key)
    try:
        return Pane.from_bytes(data)
    except (ValueError, NewerSchemaError) as error:
        logger.warning("pane not readable", extra={"key": key, "cause": str(error)})
        return None


def _counts(pane: Pane, closed_ns: int | None) -> bool:
    begun = pane.first_received_ns
    return not pane.shadow and (closed_ns is None or begun is None or begun <= closed_ns)


def _merge_bucket(panes: Sequence[Pane]) -> Pane:
    merged = merge(panes)
    return panes[0].model_copy(
        update={
            "rows": merged.rows,
            "lost_rows": merged.lost_rows,
            "numeric": {name: _cells(sums) for name, sums in merged.numeric.items()},
            "categorical": {name: dict(counts) for name, counts in merged.categorical.items()},
            "score_counts": merged.score_counts.tolist(),
            "score_sums": merged.score_sums.tolist(),
            "decisions": {str(index): count for index, count in merged.decisions.items()},
            "first_event_ns": merged.first_event_ns,
            "last_event_ns": merged.last_event_ns,
            "first_received_ns": min(
                (one.first_received_ns for one in panes if one.first_received_ns), default=None
            ),
            "last_received_ns": max(
                (one.last_received_ns for one in panes if one.last_received_ns), default=None
            ),
        }
    )


def _cells(sums: NumericSums) -> NumericCells:
    return NumericCells(
        counts=sums.counts.tolist(),
        missing=sums.missing,
        total=sums.total,
        total_low=sums.total_low,
        squares=sums.squares,
        squares_low=sums.squares_low,
        min=None if np.isnan(sums.min) else sums.min,
        max=None if np.isnan(sums.max) else sums.max,
    )
