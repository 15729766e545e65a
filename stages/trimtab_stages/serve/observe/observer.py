"""Collects answered rows per version and turns them into objects at each flush.

The request path only appends to a list; folding happens for some hundred rows at once.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from trimtab_stages.contract import layout
from trimtab_stages.contract.decision_record import MAGIC
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.serve.observe.batch import (
    Answered,
    RowBatch,
    VersionView,
    build_batch,
    view_of,
)
from trimtab_stages.serve.observe.capture import KeptRows, captured_rows, keep, sampled_rows
from trimtab_stages.serve.observe.cells import Cells, cells_of
from trimtab_stages.serve.observe.outbox import Outbox, Outgoing
from trimtab_stages.serve.observe.pane_sums import PaneIdentity, PaneSums
from trimtab_stages.serve.observe.records import pack_batch
from trimtab_stages.serve.plan.version import ServedVersion

LOG = logging.getLogger(__name__)

FOLD_ROWS = 512
"""Rows that wait in a lane before they are folded."""

FOLD_BYTES = 8 << 20
"""Input bytes that wait in a lane before they are folded."""

MOST_KEPT_BYTES = 32 << 20
"""Captured rows taken between two flushes; further ones are dropped and counted."""

CAPTURED_ROWS = 8192
"""Captured rows in one object; encoding an object takes some hundred bytes a row."""

MOST_BUCKETS = 512
"""Open event-time buckets before an early flush."""

RECORDS_BLOCK_BYTES = 8 << 20
"""Decision records held before an early flush."""

_SECOND_NS = 1_000_000_000


class Naming:
    """Names what this process writes: `<pod>-<start>-<sequence>`, without holes per kind."""

    def __init__(self, pod: str, start_ns: int) -> None:
        self._prefix = f"{pod}-{start_ns:x}"
        self._sequences: Counter[str] = Counter()

    @property
    def issued(self) -> int:
        """Names given so far, of all kinds."""
        return self._sequences.total()

    def next(self, kind: str) -> str:
        """Return the next writer name of a kind."""
        number = self._sequences[kind]
        self._sequences[kind] += 1
        return f"{self._prefix}-{number:08d}"


@dataclass(slots=True)
class Lane:
    """Rows of one version, answered or shadow.

    Attributes:
        view: how its rows are looked at.
        cells: where they are counted.
        shadow: scored after the reply.
        pending: requests that are not folded yet.
        rows: rows in them.
        bytes: input bytes in them.
        panes: sums by event-time bucket.
        kept: captured rows by event-time bucket.
    """

    view: VersionView
    cells: Cells
    shadow: bool
    pending: list[Answered] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    panes: dict[int, PaneSums] = field(default_factory=dict)
    kept: dict[int, list[KeptRows]] = field(default_factory=dict)


class Observer:
    """Everything that waits for the next flush, of one model.

    Attributes:
        dropped_rows: captured rows that had no room, and rows that could not be observed.
    """

    def __init__(
        self, plan: ServingPlan, naming: Naming, outbox: Outbox, lost_rows: int = 0
    ) -> None:
        self._plan = plan
        self._naming = naming
        self._outbox = outbox
        self._lost_rows = lost_rows
        self._lanes: dict[tuple[ServedVersion, bool], Lane] = {}
        self._records: dict[str, list[bytes]] = {}
        self._recorded: Counter[str] = Counter()
        self._records_bytes = 0
        self._kept_bytes = 0
        self.dropped_rows = 0

    @property
    def plan(self) -> ServingPlan:
        """The plan whose buckets and shares are in use."""
        return self._plan

    def change_plan(self, plan: ServingPlan) -> None:
        """Go over to another plan's buckets and shares; what was collected goes out first."""
        if plan is not self._plan:
            self.flush()
            self._plan = plan

    def note(self, version: ServedVersion, answered: Answered, *, shadow: bool) -> None:
        """Take an answered request."""
        lane = self._lanes.get((version, shadow))
        if lane is None:
            view = view_of(version)
            cells = cells_of(view.columns, version.loaded.reference)
            lane = self._lanes[(version, shadow)] = Lane(view, cells, shadow)
        lane.pending.append(answered)
        lane.rows += answered.rows
        lane.bytes += answered.size
        if lane.rows >= FOLD_ROWS or lane.bytes >= FOLD_BYTES:
            self._fold(lane)
            if len(lane.panes) > MOST_BUCKETS:
                self.flush()

    def fold(self) -> None:
        """Fold what waits, so that requests' memory is freed."""
        for lane in self._lanes.values():
            self._fold(lane)

    def flush(self) -> None:
        """Hand everything over to be written."""
        self.fold()
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            for bucket, sums in lane.panes.items():
                self._offer_pane(lane, bucket, sums)
            for bucket, parts in lane.kept.items():
                self._offer_captured(lane, bucket, parts)
        self._kept_bytes = 0
        self._flush_records()

    def _fold(self, lane: Lane) -> None:
        pending, lane.pending, lane.rows, lane.bytes = lane.pending, [], 0, 0
        if not any(answered.rows for answered in pending):
            return
        recorded = 0
        try:
            batch = build_batch(lane.view, pending)
            if not lane.shadow:
                self._add_records(batch, lane.view.digest)
                recorded = len(batch.row)
            self._fold_batch(lane, batch)
        except Exception:
            # What a foreign graph gives may not fit its own declaration; serving goes on.
            LOG.exception("rows of %s cannot be observed", lane.view.digest)
            rows = sum(answered.rows for answered in pending)
            self.dropped_rows += rows
            self._outbox.settle(0 if lane.shadow else rows - recorded)

    def _fold_batch(self, lane: Lane, batch: RowBatch) -> None:
        seconds = self._plan.pane_seconds
        starts = batch.event_ns // (seconds * _SECOND_NS) * seconds
        for bucket in np.unique(starts).tolist():
            rows = (
                batch if (starts == bucket).all() else batch.take(np.flatnonzero(starts == bucket))
            )
            if bucket not in lane.panes:
                lane.panes[bucket] = PaneSums(lane.cells)
            lane.panes[bucket].add(rows)
            self._keep(lane, bucket, rows)

    def _keep(self, lane: Lane, bucket: int, batch: RowBatch) -> None:
        chosen = sampled_rows(batch, self._plan.capture_fraction)
        for start in range(0, len(chosen), CAPTURED_ROWS):
            part = keep(batch.take(chosen[start : start + CAPTURED_ROWS]))
            if self._kept_bytes + part.size > MOST_KEPT_BYTES:
                self.dropped_rows += len(part.row)
                continue
            self._kept_bytes += part.size
            parts = lane.kept.setdefault(bucket, [])
            parts.append(part)
            if sum(len(one.row) for one in parts) >= CAPTURED_ROWS:
                self._offer_captured(lane, bucket, lane.kept.pop(bucket))

    def _add_records(self, batch: RowBatch, digest: str) -> None:
        day = layout.day_of(int(batch.received_ns[0]))
        packed = pack_batch(batch, digest)
        self._records.setdefault(day, []).append(packed)
        self._recorded[day] += len(batch.row)
        self._records_bytes += len(packed)
        if self._records_bytes > RECORDS_BLOCK_BYTES:
            self._flush_records()

    def _flush_records(self) -> None:
        for day, blocks in self._records.items():
            key = layout.decisions(self._plan.model, day, self._naming.next("decisions"))
            size = sum(map(len, blocks))
            encode = partial(_block, blocks)
            self._outbox.offer(Outgoing("decisions", key, encode, size, self._recorded[day]))
        self._records = {}
        self._recorded.clear()
        self._records_bytes = 0

    def _offer_pane(self, lane: Lane, bucket: int, sums: PaneSums) -> None:
        writer = self._naming.next("pane")
        identity = PaneIdentity(
            model=self._plan.model,
            version=lane.view.digest,
            bucket=bucket,
            bucket_seconds=self._plan.pane_seconds,
            shadow=lane.shadow,
            writer=writer,
            lost_rows=self._lost_rows,
        )
        told, self._lost_rows = self._lost_rows, 0
        data = sums.to_pane(identity).to_bytes()
        key = layout.pane(self._plan.model, lane.view.digest, bucket, writer)
        self._outbox.offer(Outgoing("pane", key, lambda: data, len(data), told))

    def _offer_captured(self, lane: Lane, bucket: int, parts: list[KeptRows]) -> None:
        writer = self._naming.next("captured")
        key = layout.captured(self._plan.model, lane.view.digest, bucket, writer)
        encode = partial(_captured_bytes, self._plan.model, lane.view, parts, shadow=lane.shadow)
        size = sum(part.size for part in parts)
        if not self._outbox.offer(Outgoing("captured", key, encode, size)):
            self.dropped_rows += sum(len(part.row) for part in parts)


def _block(blocks: list[bytes]) -> bytes:
    return b"".join((MAGIC, *blocks))


def _captured_bytes(model: str, view: VersionView, parts: list[KeptRows], *, shadow: bool) -> bytes:
    return captured_rows(model, view, parts, shadow=shadow).to_bytes()
