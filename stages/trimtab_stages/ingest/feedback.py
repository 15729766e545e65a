"""Labels that came back for captured rows; the last one about a row counts."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract import layout
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.ingest.frame import Whole
from trimtab_stages.ingest.stored_objects import read_objects
from trimtab_stages.store import Store

Keys = NDArray[np.bytes_]

UNLABELLED = -1
"""Class of a row that no label has come back for."""

FOREIGN = -2
"""Class of a row whose label is no class of the target."""

NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Truth:
    """What labels say of rows.

    Attributes:
        index: class index, `UNLABELLED` or `FOREIGN`, int64 [n].
        since_ns: when the label became true, the least int64 where nobody said so, int64 [n].
    """

    index: Whole
    since_ns: Whole


def row_keys(ids: Iterable[str]) -> Keys:
    """Return what stands for `<inference id>#<row>`: BLAKE2b-128, 16 bytes each, [n]."""
    digests = [hashlib.blake2b(one.encode(), digest_size=16).digest() for one in ids]
    return np.array(digests, "S16")


def last_labels(store: Store, model: str, keys: Keys, classes: Sequence[str]) -> Truth:
    """Return the newest label of every row.

    Labels are ordered by the arrival of their batch and their place in it. Memory grows with the
    rows asked for, not with the labels there are.

    Args:
        store: where feedback lies.
        model: Model that it is about.
        keys: `row_keys` of the rows.
        classes: the target's class names in index order.

    Raises:
        StageError: UnreadableFile.
        StoreError: the store failed.
    """
    known, position = np.unique(keys, return_inverse=True)
    newest = np.full(len(known), NEVER)
    index = np.full(len(known), UNLABELLED, np.int64)
    since = np.full(len(known), NEVER)
    numbers = {name: number for number, name in enumerate(classes)}
    listed = sorted(entry.key for entry in store.list(layout.feedback_prefix(model)))
    for batch in read_objects(store, listed if len(known) else (), FeedbackBatch):
        labels = batch.labels
        rows = _find(known, row_keys(f"{label.id}#{label.row}" for label in labels))
        chosen = np.flatnonzero(rows >= 0)
        chosen = chosen[newest[rows[chosen]] <= batch.received_ns]
        # Where a row is named twice, numpy keeps the last assignment.
        newest[rows[chosen]] = batch.received_ns
        told = [labels[number] for number in chosen.tolist()]
        index[rows[chosen]] = [numbers.get(label.label, FOREIGN) for label in told]
        since[rows[chosen]] = [
            NEVER if label.event_time_ns is None else label.event_time_ns for label in told
        ]
    return Truth(index[position], since[position])


def _find(known: Keys, wanted: Keys) -> Whole:
    """Return the position of each key in the sorted `known`, -1 where it is not there."""
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, place, -1)
