"""Server processes that have fallen silent with something unwritten: each lost at most one flush.

A killed pod leaves neither a hole in its numbers nor a process that could say how much was lost.
But it has said that something was unwritten, and never that nothing is. When it is overdue is an
instant that follows from what it left in the bucket; the first window that closes then names it.
What came after the closing does not matter, so whoever looks later names the same.
"""

from collections.abc import Mapping

from trimtab_operator.monitor.sequences import writer_of
from trimtab_operator.monitor.windows import SECOND_NS
from trimtab_stages.contract.writer_state import REST_SECONDS, WriterState

GRACE_SECONDS = REST_SECONDS + 120
"""Beyond two flushes. An idle server takes so long to say that it is; the store may be away for a
minute and a server then wait to try again, and clocks of servers may differ."""
MOST_OVERDUE_NS = (2 * 3600 + GRACE_SECONDS) * SECOND_NS
"""At the longest time between flushes."""
STATED_NS = 86_400 * SECOND_NS
"""Whoever writes for longer says its state again."""


class WriterStates:
    """What server processes have said of themselves, as far as it may still matter.

    Pure: states go in one by one, in any order.
    """

    def __init__(self) -> None:
        self._said: dict[str, dict[int, WriterState]] = {}

    def add(self, key: str, state: WriterState) -> None:
        """Take what lies under a key; what was taken before changes nothing."""
        writer = writer_of(key)
        self._said.setdefault(writer.process, {})[writer.sequence] = state

    def newest(self, closed_ns: int) -> dict[str, WriterState]:
        """Return the newest state that each process, `<pod>-<start>`, had said by a closing."""
        numbers = {process: _newest(said, closed_ns) for process, said in self._said.items()}
        return {
            process: self._said[process][number]
            for process, number in numbers.items()
            if number is not None
        }

    def raise_floor(self, floor_ns: int) -> None:
        """Forget what no closing after an instant depends on."""
        oldest_ns = floor_ns - MOST_OVERDUE_NS - STATED_NS
        for process, said in tuple(self._said.items()):
            newest = _newest(said, floor_ns)
            kept = {
                number: state
                for number, state in said.items()
                if state.at_ns > floor_ns or (number == newest and state.at_ns >= oldest_ns)
            }
            if kept:
                self._said[process] = kept
            else:
                del self._said[process]


def overdue_ns(state: WriterState, heard_ns: int) -> int:
    """Return when a process is overdue of which nothing came since an arrival, nanoseconds."""
    patience_ns = (2 * state.flush_seconds + GRACE_SECONDS) * SECOND_NS
    return max(state.at_ns, heard_ns) + patience_ns


def fallen_silent(
    states: Mapping[str, WriterState], heard: Mapping[str, int], after_ns: int, closed_ns: int
) -> list[str]:
    """Return the processes that a window names, sorted.

    Args:
        states: the newest state of each process, `<pod>-<start>`, by the closing.
        heard: the newest arrival by the closing that each has written.
        after_ns: what closed the window before; who was overdue by then was named by that one.
        closed_ns: what closed the window.
    """
    return sorted(
        process
        for process, state in states.items()
        if state.unwritten and after_ns < overdue_ns(state, heard.get(process, 0)) <= closed_ns
    )


def _newest(said: Mapping[int, WriterState], by_ns: int) -> int | None:
    """Return the number of the newest state that was said by an instant, None without one."""
    return max((number for number, one in said.items() if one.at_ns <= by_ns), default=None)
