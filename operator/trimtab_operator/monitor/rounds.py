"""Looks at every DriftMonitor while its Model's servers write, and reports what it found."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.lease import Clocks
from trimtab_operator.cluster.resources import DRIFT_MONITORS, MODELS
from trimtab_operator.errors import Refused, Retryable
from trimtab_operator.monitor.gauges import Gauges
from trimtab_operator.monitor.lanes import Lanes
from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.status import advanced, status_of
from trimtab_operator.monitor.targets import Target, find_targets
from trimtab_operator.monitor.watch import Progress, Watch
from trimtab_operator.monitor.windows import LOOKS_PER_FLUSH
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.stores import Stores
from trimtab_stages.store import StoreError

logger = logging.getLogger(__name__)

DISCOVER_SECONDS = 30.0
"""How often new server processes are looked for while no window closes."""
FAILED_SECONDS = 15.0
"""Pause after a look that failed."""
LEAST_PAUSE_SECONDS = 0.25
"""Between two looks at a bucket, however closely windows follow each other."""
MOST_PORTIONS = 64
"""Portions of a long past that are worked off before the object is read again."""

Place = tuple[str, str]


@dataclass(slots=True)
class _Watched:
    """One DriftMonitor that is looked at from time to time.

    Attributes:
        watch: its windows.
        due: when it is looked at next, monotonic seconds.
        discovered: when new server processes were looked for last.
        task: the look that is under way.
        shown: key of the report that the gauges show.
    """

    watch: Watch
    due: float
    discovered: float = float("-inf")
    task: "asyncio.Task[None] | None" = None
    shown: str = ""

    @property
    def is_busy(self) -> bool:
        """True while a look is under way."""
        return self.task is not None and not self.task.done()


class Rounds:
    """Lists the DriftMonitors again and again and looks at those that are due.

    Args:
        cluster: where they are and where their status goes.
        stores: opens the buckets.
        lanes: threads.
        metrics: numbers.
        clocks: time.
    """

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        lanes: Lanes,
        metrics: MonitorMetrics,
        clocks: Clocks,
    ) -> None:
        self._cluster = cluster
        self._stores = stores
        self._lanes = lanes
        self._metrics = metrics
        self._clocks = clocks
        self._gauges = Gauges(metrics, lambda: clocks.now().timestamp())
        self._cache = ObjectCache()
        self._watched: dict[Place, _Watched] = {}

    def oldest_due(self) -> float:
        """Return for how long the DriftMonitor that waits longest has been due, seconds.

        A look that is at work does not count: reading a long past may take its time. Nor does one
        whose store is left alone: that is no fault of this process.
        """
        since = [
            max(one.due, one.watch.active)
            for (namespace, _), one in self._watched.items()
            if not self._lanes.rests(namespace)
        ]
        return max(self._clocks.monotonic() - min(since), 0.0) if since else 0.0

    async def run(self, namespaces: Sequence[str], poll_seconds: float) -> None:
        """Go round for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    targets = await self._list(namespaces)
                except (Retryable, Refused) as error:
                    logger.warning("objects not listed", extra={"cause": str(error)})
                else:
                    self._start_due(group, targets, poll_seconds)
                await asyncio.sleep(poll_seconds)

    async def _list(self, namespaces: Sequence[str]) -> list[Target]:
        monitors: list[Manifest] = []
        models: list[Manifest] = []
        for namespace in namespaces or ("",):
            monitors += await self._cluster.list_objects(DRIFT_MONITORS, namespace)
            models += await self._cluster.list_objects(MODELS, namespace)
        return find_targets(monitors, models)

    def _start_due(
        self, group: asyncio.TaskGroup, targets: Sequence[Target], poll_seconds: float
    ) -> None:
        places = {(target.namespace, target.name) for target in targets}
        self._watched = {place: one for place, one in self._watched.items() if place in places}
        self._gauges.keep(places)
        now = self._clocks.monotonic()
        for target in targets:
            watched = self._watched_of(target, now)
            begin = begin_of_look(watched.due, now, poll_seconds)
            if begin is None or watched.is_busy or not self._lanes.admit(target.namespace):
                continue
            pause = max(poll_seconds, target.flush_seconds / LOOKS_PER_FLUSH)
            looks = self._look_until(target, watched, begin, begin + pause)
            watched.task = group.create_task(looks)

    def _watched_of(self, target: Target, now: float) -> _Watched:
        place = (target.namespace, target.name)
        found = self._watched.get(place)
        if found is not None and found.is_busy:
            # Also where its spec has changed meanwhile: two looks must not write one status.
            return found
        if found is None or found.watch.identity != target.identity:
            found = self._watched[place] = _Watched(Watch(target, self._cache), now)
            self._gauges.begin(target)
        return found

    async def _look_until(
        self, target: Target, watched: _Watched, begin: float, due: float
    ) -> None:
        """Look at one DriftMonitor from an instant until the object should be read again.

        After a fault everything about it is derived anew.
        """
        where = {"monitor": f"{target.namespace}/{target.name}"}
        try:
            await asyncio.sleep(max(begin - self._clocks.monotonic(), 0.0))
            for _ in range(MOST_PORTIONS):
                progress = await self._look_once(target, watched)
                target = await self._write(target, progress)
                self._tell_missing(target, progress)
                if progress.more:
                    continue
                pause = _pause(target, progress)
                # A pause that was meant is no delay.
                watched.due = self._clocks.monotonic() + pause
                if watched.due >= due:
                    break
                await asyncio.sleep(pause)
        except (StoreError, ValueError, Retryable, Refused) as error:
            logger.warning("evaluation is tried again", extra=where | {"cause": str(error)})
            self._failed(target, watched, error)
        except Exception as error:
            logger.exception("evaluation failed", extra=where)
            self._failed(target, watched, error)
        else:
            watched.due = self._clocks.monotonic() if progress.more else due

    async def _look_once(self, target: Target, watched: _Watched) -> Progress:
        started, now = self._clocks.monotonic(), self._clocks.now()
        everything = started - watched.discovered > DISCOVER_SECONDS

        def look() -> Progress:
            store = self._stores.of_namespace(target.namespace)
            return watched.watch.look(store, target, now, everything=everything)

        active = watched.watch
        progress = await self._lanes.run(target.namespace, look, lambda: active.active)
        if progress.is_whole:
            watched.discovered = started
        self._show(target, watched, progress)
        return progress

    async def _write(self, target: Target, progress: Progress) -> Target:
        """Write what has changed into the status; return the object as it is then."""
        through = progress.evaluated_through
        if through is None or (not progress.reports and through == target.evaluated_through):
            return target
        status = status_of(target, progress.reports, through)
        body = {
            "apiVersion": DRIFT_MONITORS.api_version,
            "kind": DRIFT_MONITORS.kind,
            # The uid: an object that was made anew under the name gets nothing of the old one.
            "metadata": {"name": target.name, "namespace": target.namespace, "uid": target.uid},
            "status": status,
        }
        await self._cluster.apply(body, "status")
        return advanced(target, status)

    def _show(self, target: Target, watched: _Watched, progress: Progress) -> None:
        for report in progress.reports:
            result = "faulty" if report.evaluation.faults else "ok"
            self._metrics.evaluations.labels(target.namespace, target.name, result).inc()
            logger.info("window evaluated", extra=_summary(target, report))
        newest = watched.watch.newest
        if newest is not None and newest.file.key != watched.shown:
            self._gauges.show(target, newest.evaluation)
            watched.shown = newest.file.key

    def _tell_missing(self, target: Target, progress: Progress) -> None:
        """Tell of what windows count as lost, and of rows that count nowhere.

        Only once the status says which windows are done: those of others are found again.
        """
        for report in progress.reports:
            self._gauges.count_lost(target, report.evaluation)
        if progress.uncounted:
            monitor = f"{target.namespace}/{target.name}"
            extra = {"monitor": monitor, **progress.uncounted}
            logger.info("rows count in no window", extra=extra)
        for reason, rows in progress.uncounted.items():
            self._metrics.uncounted.labels(target.namespace, target.name, reason).inc(rows)

    def _failed(self, target: Target, watched: _Watched, error: Exception) -> None:
        self._metrics.evaluations.labels(target.namespace, target.name, "error").inc()
        if isinstance(error, StoreError) and not error.retryable:
            self._stores.forget(target.namespace)
        watched.watch = Watch(target, self._cache)
        watched.due = self._clocks.monotonic() + FAILED_SECONDS


def begin_of_look(due: float, now: float, poll_seconds: float) -> float | None:
    """Return when a look begins that is due before the objects are listed again; None: later.

    Looks keep their own pace: each that waited for the next listing would come so much later, and
    with it the verdict about a window.

    Args:
        due: when it should begin, monotonic seconds.
        now: when the objects were listed, monotonic seconds.
        poll_seconds: time between two listings.
    """
    return max(due, now) if due < now + poll_seconds else None


def _pause(target: Target, progress: Progress) -> float:
    """Return the seconds until something can be new: a flush, or that a closed window settles."""
    look = target.flush_seconds / LOOKS_PER_FLUSH
    settles_in = look if progress.settles_in is None else progress.settles_in
    return min(look, max(settles_in, LEAST_PAUSE_SECONDS))


def _summary(target: Target, report: Report) -> dict[str, object]:
    evaluation = report.evaluation
    return {
        "monitor": f"{target.namespace}/{target.name}",
        "end": evaluation.end,
        "rows": evaluation.rows,
        "labels": evaluation.labels,
        "lost": evaluation.lost,
        "lostRows": evaluation.lost_rows,
        "silent": evaluation.silent,
        "signals": {one.name: one.value for one in evaluation.signals},
    }
