"""Says in the bucket whether this process may hold something that is not written.

A killed pod takes along what says how much it had not written. So that this much is known at least,
each process says when it begins to collect and when nothing is left, in one order with what it
writes: whoever falls silent in between lost a flush. In steady traffic that is one object a day.
"""

import time
from collections.abc import Callable

from trimtab_stages.contract import layout
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.contract.writer_state import WriterState
from trimtab_stages.serve.observe.observer import Naming, day_of
from trimtab_stages.serve.observe.outbox import Outbox, Outgoing

_STATE_BYTES = 200


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
        self._issued = 0
        self._told: tuple[str, int] | None = None

    def note(self) -> None:
        """Something comes that is not written yet."""
        if not self._unwritten:
            self._say(unwritten=True)

    def flushed(self) -> None:
        """A flush is over; one that had nothing to write leaves nothing unwritten."""
        if self._naming.issued == self._issued and not self._outbox.waiting_bytes:
            self.rest()
        self._issued = self._naming.issued

    def restate(self) -> None:
        """Say on another day, or when flushes become rarer, that something is still unwritten."""
        plan = self._plan()
        if self._unwritten and plan and _stamp(plan, self._clock()) != self._told:
            self._say(unwritten=True)

    def rest(self) -> None:
        """All that was collected has been handed over: nothing is unwritten once this is there."""
        if self._unwritten:
            self._say(unwritten=False)

    def _say(self, *, unwritten: bool) -> None:
        plan = self._plan()
        if plan is None:
            return
        now_ns = self._clock()
        state = WriterState(
            model=plan.model, at_ns=now_ns, flush_seconds=plan.flush_seconds, unwritten=unwritten
        )
        key = layout.writer_state(plan.model, day_of(now_ns), self._naming.next("writer"))
        self._unwritten, self._issued = unwritten, self._naming.issued
        self._told = _stamp(plan, now_ns)
        self._outbox.offer(Outgoing("writer", key, state.to_bytes, _STATE_BYTES))


def _stamp(plan: ServingPlan, now_ns: int) -> tuple[str, int]:
    """Return what a state is said again for when it changes."""
    return day_of(now_ns), plan.flush_seconds
