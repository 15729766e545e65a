"""Evaluates the windows of one DriftMonitor, one after the other, as they close.

Everything is derived from the bucket and the object: after a kill the next process finds the same
windows with the same rows, and a report that is there already is adopted.
"""

import contextlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from trimtab_operator.monitor.done_windows import DoneWindows, begin_of
from trimtab_operator.monitor.ledger import ClosedWindow
from trimtab_operator.monitor.losses import count_lost, counted_in, list_panes
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.silence import fallen_silent
from trimtab_operator.monitor.targets import WINDOWS, Target, TrainedVersion
from trimtab_operator.monitor.traffic import Traffic
from trimtab_operator.monitor.uncounted import DoneWindow, Uncounted
from trimtab_operator.monitor.windows import (
    NEVER,
    SECOND_NS,
    UPLOAD_SECONDS,
    Grid,
    nanoseconds,
)
from trimtab_operator.storage.evaluations import (
    Judged,
    Report,
    keep_policy,
    read_judged,
    read_report,
    write_report,
)
from trimtab_operator.storage.first_window import find_first
from trimtab_operator.storage.window_evaluation import (
    RowObjects,
    WindowKeys,
    WindowOf,
    evaluate_window,
)
from trimtab_operator.storage.window_panes import keep_compacted, merge_panes
from trimtab_stages.contract import layout
from trimtab_stages.contract.decision_record import digest_prefix
from trimtab_stages.store import NotFound, Store


@dataclass(frozen=True, slots=True)
class Progress:
    """What one look at the bucket has brought.

    Attributes:
        reports: of the windows that have closed, oldest first.
        evaluated_through: end of the newest window that is done; None before the first.
        more: further days can be read at once.
        is_whole: new server processes were looked for.
        settles_in: seconds until a window that has closed may be judged, None without one.
        uncounted: rows that were found to count in no window, by reason.
    """

    reports: tuple[Report, ...] = ()
    evaluated_through: datetime | None = None
    more: bool = False
    is_whole: bool = False
    settles_in: float | None = None
    uncounted: Mapping[str, int] = field(default_factory=dict)


class Watch:
    """One DriftMonitor's windows. Not to be shared between threads at the same time.

    Attributes:
        newest: report of the newest evaluated window, None before the first.
        active: when an object was read last, monotonic seconds: a long look is at work.

    Args:
        target: the DriftMonitor; what a new start would follow from stays the same.
        cache: reads objects.
    """

    def __init__(self, target: Target, cache: ObjectCache) -> None:
        self.identity = target.identity
        self._grid = Grid.of(target.policy.window)
        self._cache = cache
        self._judged: dict[str, Judged] = {}
        # As many as the status keeps, so that a process that begins anew knows the same.
        self._before: deque[WindowKeys] = deque(maxlen=WINDOWS)
        self._done = DoneWindows(self._grid)
        self.newest: Report | None = None
        self.active = time.monotonic()
        self._traffic: Traffic | None = None
        self._uncounted = Uncounted(self._grid)
        self._is_full = False
        self._is_policy_kept = False

    def look(self, store: Store, target: Target, now: datetime, *, everything: bool) -> Progress:
        """Take in what is new and evaluate the windows that have closed, as far as there is room.

        The others wait in the bucket until the operator has decided: none goes by undecided.

        Args:
            store: the bucket.
            target: the DriftMonitor as it was read last.
            now: wall clock before anything was read.
            everything: look for new server processes as well; done anyway before a window is
                evaluated or passed over.

        Raises:
            StoreError: the bucket does not answer.
            ValueError: stored objects do not fit together.
        """
        traffic = self._traffic = self._traffic or self._begin(store, target)
        if not target.room:
            return Progress(evaluated_through=target.evaluated_through)
        is_past = not traffic.is_caught_up
        open_from, is_whole = self._take_in(store, target, traffic, now, everything=everything)
        is_behind = traffic.complete_ns != NEVER
        settled_ns = _settled(target, traffic, now)
        floor_ns, first = traffic.ledger.floor_ns, self._first(target)
        self._uncounted.add(traffic.take_new(), first, floor_ns, is_past=is_past)
        progress = self._evaluate_closed(store, target, traffic, settled_ns, open_from)
        self._count_done(store, target, traffic, progress.evaluated_through)
        settles_ns = traffic.ledger.next_closing(settled_ns)
        return replace(
            progress,
            more=is_behind and not self._is_full,
            is_whole=is_whole,
            settles_in=None if settles_ns is None else (settles_ns - settled_ns) / SECOND_NS,
            uncounted=self._uncounted.take(),
        )

    def _take_in(
        self,
        store: Store,
        target: Target,
        traffic: Traffic,
        now: datetime,
        *,
        everything: bool,
    ) -> tuple[int | None, bool]:
        """Read what is new, or one day of the past.

        Objects become visible while they are listed: what came before the object that closed a
        window is all there only in a listing that has begun after that one was seen. So what the
        last listing closes waits for the next look.

        Returns:
            The first window that is open still, and whether all processes were looked for.
        """
        read, now_ns = partial(self._read, store), nanoseconds(now)
        seen = _open_from(target, traffic, now) if traffic.is_caught_up else None
        closed = self._has_closed(target, traffic, seen)
        everything = everything or closed
        # The windows of one day of a long past come before the rows of the next.
        if not self._is_full or traffic.complete_ns == NEVER:
            flush_ns = target.flush_seconds * SECOND_NS
            traffic.read(
                store, read, now_ns, everything=everything, states=closed, flush_ns=flush_ns
            )
        open_from = _open_from(target, traffic, now)
        if traffic.complete_ns != NEVER:
            return open_from, False
        # Where nothing was judged yet, an older window may have come into sight beside it.
        if (closed and open_from == seen) or not self._has_closed(target, traffic, open_from):
            return open_from, everything
        traffic.read(store, read, now_ns, everything=True, states=True)
        return open_from, True

    def _read(self, store: Store, key: str) -> bytes:
        self.active = time.monotonic()
        return self._cache.get(store, key)

    def _has_closed(self, target: Target, traffic: Traffic, open_from: int | None) -> bool:
        first = self._first(target)
        begun = traffic.ledger.oldest if first is None else first
        return open_from is not None and begun is not None and open_from > begun

    def _evaluate_closed(
        self,
        store: Store,
        target: Target,
        traffic: Traffic,
        settled_ns: int,
        open_from: int | None,
    ) -> Progress:
        """Evaluate the windows before `open_from`, as many as there is room for."""
        first, reports = self._first(target), list[Report]()
        versions = _prefixes(target)
        while True:
            closed = traffic.ledger.next_closed(first, versions, settled_ns)
            if closed is not None and (open_from is None or closed.number >= open_from):
                closed = None
            self._is_full = closed is not None and len(reports) == target.room
            if closed is None:
                return Progress(tuple(reports), self._end(first, open_from))
            if self._is_full:
                return Progress(tuple(reports), self._end(first, first))
            report = self._written(store, target, closed)
            report = report or self._evaluate(store, target, traffic, closed)
            self._count_evaluated(store, target, traffic, closed, report)
            reports.append(report)
            self._remember(report)
            floor_ns = self._done.floor(partial(self._read, store))
            if floor_ns is not None:
                traffic.raise_floor(floor_ns)
            self._uncounted.forget(traffic.ledger.floor_ns)
            first = closed.number + 1

    def _count_evaluated(
        self, store: Store, target: Target, traffic: Traffic, closed: ClosedWindow, report: Report
    ) -> None:
        """Count the rows that a report has not counted, and those of windows passed over for it."""
        self._count_done(store, target, traffic, self._grid.start(closed.number))
        taken = frozenset(report.evaluation.records)
        version = digest_prefix(report.evaluation.version)
        window = DoneWindow(closed.number, closed.closed_ns, (version,), taken)
        self._uncounted.count(partial(self._read, store), window)

    def _count_done(
        self, store: Store, target: Target, traffic: Traffic, through: datetime | None
    ) -> None:
        """Count the rows of windows that are done which no report has counted."""
        if through is None:
            return
        closings = self._done.closings
        for number in self._uncounted.done_before(self._grid.first_from(through)):
            known = closings.get(self._grid.start(number + 1))
            closed_ns = traffic.ledger.closing(number) if known is None else known
            window = DoneWindow(number, closed_ns, _prefixes(target))
            self._uncounted.count(partial(self._read, store), window)

    def _begin(self, store: Store, target: Target) -> Traffic:
        """Begin where rows of windows that are not done began to arrive, or at the promotion."""
        # Without reports (the bucket was cleared, or is another one) there is no better begin.
        judged = set[str]()
        for evaluated in target.evaluations:
            with contextlib.suppress(NotFound):
                report = read_report(store, evaluated["report"]["key"])
                judged.add(report.evaluation.version)
                self._remember(report)
        self._done.find_older(store, target.name)
        floor_ns = self._done.floor(partial(self._read, store))
        begin_ns = begin_of(target, judged) if floor_ns is None else floor_ns
        return Traffic(target.model, self._grid, begin_ns)

    def _remember(self, report: Report) -> None:
        self.newest = report
        self._before.append(counted_in(report.evaluation))
        self._done.add(report.evaluation)

    def _written(self, store: Store, target: Target, closed: ClosedWindow) -> Report | None:
        """Return the report of a window that was judged while another version was champion.

        Who wrote it was killed before the status told of it. No window is judged twice.
        """
        end = self._grid.start_seconds(closed.number + 1)
        for version in closed.others:
            with contextlib.suppress(NotFound):
                key = layout.evaluation(target.name, f"sha256:{version.hex()}", end)
                return read_report(store, key)
        return None

    def _evaluate(
        self, store: Store, target: Target, traffic: Traffic, closed: ClosedWindow
    ) -> Report:
        version = next(v for v in target.versions if digest_prefix(v.digest) == closed.version)
        near = list_panes(store, target.model, version.digest, self._grid, closed.number)
        read = partial(self._read, store)
        panes = merge_panes(read, near.inside, closed.closed_ns)
        evaluation = evaluate_window(
            read=read,
            window=WindowOf(
                monitor=target.name,
                model=target.model,
                policy=target.policy,
                start=self._grid.start(closed.number),
                end=self._grid.start(closed.number + 1),
                closed_ns=closed.closed_ns,
            ),
            judged=self._judge(store, version),
            panes=panes,
            rows=RowObjects(closed.blocks, closed.labels),
            first=find_first(
                store,
                read,
                target.name,
                version.digest,
                before=self._grid.start(closed.number),
                least=target.policy.window.min_labels,
            ),
            count_lost=lambda used: count_lost(store, traffic, near, used, self._before),
        )
        compacted = keep_compacted(store, target.name, panes.buckets)
        found = {"compacted": compacted, "silent": self._silent(traffic, closed.closed_ns)}
        evaluation = evaluation.model_copy(update=found)
        self._keep_policy(store, target)
        return write_report(store, evaluation)

    def _keep_policy(self, store: Store, target: Target) -> None:
        """Store what reports are made with before the first one is; it stays the same."""
        if not self._is_policy_kept:
            keep_policy(store, target.name, target.policy)
            self._is_policy_kept = True

    def _silent(self, traffic: Traffic, closed_ns: int) -> list[str]:
        """Return the processes that the window after the newest one names."""
        states = traffic.states.newest(closed_ns)
        heard = traffic.ledger.newest_arrivals(closed_ns)
        return fallen_silent(states, heard, self._closed_before(traffic), closed_ns)

    def _closed_before(self, traffic: Traffic) -> int:
        """Return what closed the window before, or where the first one's traffic begins."""
        closed_ns = self.newest.evaluation.closed_ns if self.newest else None
        return traffic.ledger.floor_ns if closed_ns is None else closed_ns

    def _judge(self, store: Store, version: TrainedVersion) -> Judged:
        if version.run not in self._judged:
            self._judged = {version.run: read_judged(store, version.run)}
        return self._judged[version.run]

    def _first(self, target: Target) -> int | None:
        through = target.evaluated_through
        return None if through is None else self._grid.first_from(through)

    def _end(self, first: int | None, open_from: int | None) -> datetime | None:
        """Return the end of the newest window that is done, None before the first."""
        if first is None:
            return None
        return self._grid.start(max(first, first if open_from is None else open_from))


def _settled(target: Target, traffic: Traffic, now: datetime) -> int:
    """Return until when all that has arrived has been seen, nanoseconds."""
    wait_ns = (target.flush_seconds + UPLOAD_SECONDS) * SECOND_NS
    return min(nanoseconds(now), traffic.complete_ns) - wait_ns


def _open_from(target: Target, traffic: Traffic, now: datetime) -> int | None:
    return traffic.ledger.open_from(_settled(target, traffic, now))


def _prefixes(target: Target) -> list[bytes]:
    """Return the first 8 bytes of the versions that can be judged, newest first."""
    return [digest_prefix(version.digest) for version in target.versions]
