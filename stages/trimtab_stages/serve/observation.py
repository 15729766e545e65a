"""Connects the request path with the observer of the plan in force."""

from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.observe.observer import Naming, Observer
from trimtab_stages.serve.observe.outbox import Outbox
from trimtab_stages.serve.observe.writer_log import WriterLog
from trimtab_stages.serve.plan.follower import PlanFollower
from trimtab_stages.serve.plan.version import ServedVersion

FOLD_SECONDS = 1.0
"""Longest time that an answered request's inputs stay in memory."""


class Observation:
    """The observer of the plan in force, made when the first plan is."""

    def __init__(
        self,
        follower: PlanFollower,
        naming: Naming,
        outbox: Outbox,
        lost_rows: int,
        writer_log: WriterLog,
    ) -> None:
        self._follower = follower
        self._writer_log = writer_log
        self._naming = naming
        self._outbox = outbox
        self._lost_rows = lost_rows
        self._observer: Observer | None = None

    @property
    def dropped_rows(self) -> int:
        """Captured rows that had no room."""
        return self._observer.dropped_rows if self._observer else 0

    def note(self, version: ServedVersion, answered: Answered) -> None:
        """Take an answered request."""
        self._current().note(version, answered, shadow=False)

    def note_shadow(self, version: ServedVersion, answered: Answered) -> None:
        """Take a request that a shadow version has scored."""
        self._current().note(version, answered, shadow=True)

    def fold(self) -> None:
        """Fold what waits."""
        if self._observer is not None:
            self._observer.fold()

    def flush(self) -> None:
        """Hand everything over to be written."""
        if self._observer is not None:
            self._observer.flush()

    @property
    def flush_seconds(self) -> float:
        """Time between two flushes."""
        routing = self._follower.routing
        return float(routing.plan.flush_seconds) if routing else FOLD_SECONDS

    def _current(self) -> Observer:
        routing = self._follower.routing
        if routing is None:
            raise RuntimeError("rows were answered without a plan")
        self._writer_log.note()
        if self._observer is None:
            self._observer = Observer(routing.plan, self._naming, self._outbox, self._lost_rows)
        self._observer.change_plan(routing.plan)
        return self._observer
