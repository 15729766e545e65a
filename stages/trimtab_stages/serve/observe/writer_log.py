"""Says in the bucket whether this process may hold something that is not written.

A killed pod takes along what says how much it had not written. So that this much is known at least,
each process says when it begins to collect and when nothing is left, in one order with what it
writes: whoever falls silent in between lost a flush. In steady traffic that is one object a day,
where rows come seldom at most two a minute.
"""

import time
from collections.abc import Callable

from trimtab_stages.contract import layout
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.contract.writer_state import REST_SECONDS, WriterState
from trimtab_stages.serve.observe.observer import Naming
from trimtab_stages.serve.observe.outbox import LANES, Outbox, Outgoing

_STATE_BYTES = 200
_REST_NS = REST_SECONDS * 1_000_000_000


class WriterLog:
    """The newest state that was said, and when another is due. On the event loop only.

    Args:
        naming: names all that this process writes.
        outbox: writes it, in order.
        plan: returns the plan in force, None before the first.
        clock: nanoseconds since 1970.
    """

    def __init__(
        self,
        naming: Naming,
        outbox: Outbox,
        plan: Callable[[], ServingPlan | None],
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._naming = naming
        self._outbox = outbox
        self._plan = plan
        self._clock = clock
        self._unwritten = False
        # What the newest state that says so was said for; None where nothing is to be taken back.
        self._told: tuple[str, int] | None = None
        self._issued = 0
        self._busy_ns = 0
        # As of the newest flush, and of the one before the newest that had something to write.
        self._seen_dropped = self._shown_dropped = 0

    def note(self) -> None:
        """Something comes that is not written yet."""
        if not self._unwritten:
            self._unwritten, self._busy_ns = True, self._clock()
            self.restate()

    def flushed(self) -> None:
        """A flush is over; when nothing has come for a while, nothing is unwritten."""
        now_ns, issued = self._clock(), self._naming.issued
        if issued != self._issued:
            # What was dropped before it leaves a hole in front of what this flush has written.
            self._issued, self._busy_ns = issued, now_ns
            self._shown_dropped = self._seen_dropped
        elif now_ns - self._busy_ns >= _REST_NS and not self._outbox.waiting_bytes:
            self.rest()
        self._seen_dropped = self._dropped()

    def restate(self) -> None:
        """Say that something is unwritten, once, on another day, and when flushes become rarer."""
        plan = self._plan()
        if not self._unwritten or plan is None:
            return
        stamp = _stamp(plan, self._clock())
        if stamp != self._told and self._say(plan, unwritten=True):
            self._told = stamp

    def rest(self) -> None:
        """All that was collected has been handed over: nothing is unwritten once this is there.

        It is not said where something was dropped that no hole in the numbers shows: that is lost.
        """
        plan = self._plan()
        if not self._unwritten or plan is None or self._dropped() > self._shown_dropped:
            return
        if self._told is None or self._say(plan, unwritten=False):
            self._unwritten, self._told = False, None

    def _say(self, plan: ServingPlan, *, unwritten: bool) -> bool:
        """Return whether there is room for it; where not it is said later, without a hole."""
        if not self._outbox.has_room(_STATE_BYTES):
            return False
        now_ns = self._clock()
        state = WriterState(
            model=plan.model, at_ns=now_ns, flush_seconds=plan.flush_seconds, unwritten=unwritten
        )
        key = layout.writer_state(plan.model, layout.day_of(now_ns), self._naming.next("writer"))
        self._issued += 1
        return self._outbox.offer(Outgoing("writer", key, state.to_bytes, _STATE_BYTES))

    def _dropped(self) -> int:
        return sum(self._outbox.dropped[kind] for kind in LANES[0])


def _stamp(plan: ServingPlan, now_ns: int) -> tuple[str, int]:
    """Return what a state is said again for when it changes."""
    return layout.day_of(now_ns), plan.flush_seconds
