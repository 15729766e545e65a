"""Rows that champion or challenger decided, and labels, as arrays: all that is kept of a rollout.

Pure. In whatever order, and in whatever portions, the objects of a bucket are read, the same rows
are kept: those that arrived first. So a process that begins anew compares the same rows.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.decision_record import NO_DECISION, hash_id
from trimtab_stages.contract.feedback import FeedbackBatch

ROW = "S20"
"""`hash_id` of the inference id, and the row in the request, four bytes, little-endian."""

DECIDED = np.dtype(
    [("row", ROW), ("received", "<i8"), ("event", "<i8"), ("decision", "<i4")],
)
"""A row that one version decided: which one, arrival, event time and class index."""

LABELS = np.dtype([("row", ROW), ("first", "<i8"), ("last", "<i8"), ("truth", "<i4")])
"""The truth about a row: arrival of its first and of its last label, and the last one's class."""

Table = NDArray[np.void]
"""Entries of one of the two types, sorted by `row`, each row once."""

Chosen = NDArray[np.bool_]


def empty(kind: np.dtype[np.void]) -> Table:
    """Return a table without entries."""
    return np.zeros(0, kind)


def decided_of(rows: CapturedRows) -> Table:
    """Return the n captured rows that a version decided.

    Raises:
        ValueError: an id has another form than `<request id>#<row>`.
        OverflowError: a number does not fit.
    """
    if not rows.decisions:
        return empty(DECIDED)
    table = np.zeros(len(rows.ids), DECIDED)
    table["row"] = [_row_of(name) for name in rows.ids]
    table["received"] = np.array(rows.received_ns, np.int64)
    table["event"] = np.array(rows.event_time_ns, np.int64)
    table["decision"] = np.array(rows.decisions, np.int32)
    return _earliest_of_each(table[table["decision"] != NO_DECISION])


def labels_of(batch: FeedbackBatch, index: Mapping[str, int]) -> Table:
    """Return what a batch says of rows; labels of another class than the model's are left out.

    Args:
        batch: as it was stored.
        index: class index by name.
    """
    last = {(one.id, one.row): one.label for one in batch.labels if one.label in index}
    table = np.zeros(len(last), LABELS)
    table["row"] = [hash_id(name) + row.to_bytes(4, "little") for name, row in last]
    table["first"] = table["last"] = batch.received_ns
    table["truth"] = [index[label] for label in last.values()]
    return _last_of_each(table)


def add_decided(kept: Table, new: Table, most: int) -> Table:
    """Return the rows of both that arrived first, at most so many.

    A row that was answered twice under one id (a client's retry) counts as it was answered first.
    """
    if len(kept) >= most:
        new = new[new["received"] <= kept["received"].max(initial=0)]
    together = _add(kept, new, _earliest_of_each)
    if len(together) <= most:
        return together
    first = np.lexsort((together["row"], together["received"]))[:most]
    return together[np.sort(first)]


def add_labels(kept: Table, new: Table) -> Table:
    """Return the labels of both; of a row that has several the last one says the truth."""
    return _add(kept, new, _last_of_each)


def newest_of(labels: Table, optional: Chosen, most: int) -> Table:
    """Return labels without the oldest of those that are optional, if these are more than `most`.

    Args:
        labels: n labels.
        optional: which ones may be left out, [n].
        most: so many of them stay.
    """
    places = np.flatnonzero(optional)
    if len(places) <= most:
        return labels
    found = labels[places]
    oldest = np.lexsort((found["row"], found["last"]))[: len(places) - most]
    kept = np.ones(len(labels), np.bool_)
    kept[places[oldest]] = False
    return labels[kept]


def are_among(rows: Table, others: Table) -> Chosen:
    """Return which rows of one table are in another one, [n]."""
    places = _places(others, rows)
    found: Chosen = places >= 0
    return found


def matching(rows: Table, others: Table) -> Table:
    """Return the entries of `others` for the rows of a table, all of which it has."""
    return others[_places(others, rows)]


def _row_of(name: str) -> bytes:
    request, _, row = name.rpartition("#")
    return hash_id(request) + int(row).to_bytes(4, "little")


def _add(kept: Table, new: Table, once: Callable[[Table], Table]) -> Table:
    """Add a few entries to many, which stay sorted."""
    if not len(new):
        return kept
    new = once(new)
    places = _places(kept, new)
    known = places >= 0
    kept = kept.copy()
    kept[places[known]] = once(np.concatenate([kept[places[known]], new[known]]))
    added = new[~known]
    return np.insert(kept, kept["row"].searchsorted(added["row"]), added)


def _places(table: Table, wanted: Table) -> NDArray[np.intp]:
    """Return the place of each wanted row in a table, -1 where it is not there."""
    if not len(table):
        return np.full(len(wanted), -1, np.intp)
    rows = np.ascontiguousarray(table["row"])
    places = np.minimum(rows.searchsorted(wanted["row"]), len(table) - 1)
    return np.where(rows[places] == wanted["row"], places, -1)


def _earliest_of_each(table: Table) -> Table:
    order = np.lexsort((table["decision"], table["event"], table["received"], table["row"]))
    table = table[order]
    earliest: Table = table[_starts(table)]
    return earliest


def _last_of_each(table: Table) -> Table:
    table = table[np.lexsort((table["truth"], table["last"], table["row"]))]
    starts = np.flatnonzero(_starts(table))
    if not len(starts):
        return table
    last: Table = table[np.append(starts[1:], len(table)) - 1]
    last["first"] = np.minimum.reduceat(table["first"], starts)
    return last


def _starts(table: Table) -> Chosen:
    """Return where another row begins in a table that is sorted by row."""
    starts = np.ones(len(table), np.bool_)
    starts[1:] = table["row"][1:] != table["row"][:-1]
    return starts
