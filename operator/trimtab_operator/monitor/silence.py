"""Server processes that have fallen silent with something unwritten: each lost at most one flush.

A killed pod leaves neither a hole in its numbers nor a process that could say how much was lost.
But it has said that something was unwritten, and never that nothing is. When it is overdue is an
instant that follows from what it left in the bucket; the first window that closes then names it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from trimtab_operator.monitor.sequences import newest_of, writer_of
from trimtab_operator.monitor.traffic import Traffic, day_after, day_of
from trimtab_operator.monitor.windows import SECOND_NS
from trimtab_operator.storage.served import read_arrived_labels, read_arrived_rows
from trimtab_operator.storage.window_records import Read
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.writer_state import WriterState
from trimtab_stages.store import Store

logger = logging.getLogger(__name__)

GRACE_SECONDS = 120
"""Beyond two flushes. The store may be away for a minute and a server then wait to try again, and
clocks of servers may differ."""
MOST_OVERDUE_NS = (2 * 3600 + GRACE_SECONDS) * SECOND_NS
"""At the longest time between flushes."""
STATED_NS = 86_400 * SECOND_NS
"""Whoever writes for longer says its state again."""


def overdue_ns(state: WriterState, heard_ns: int) -> int:
    """Return when a process is overdue of which nothing came since an arrival, nanoseconds."""
    patience_ns = (2 * state.flush_seconds + GRACE_SECONDS) * SECOND_NS
    return max(state.at_ns, heard_ns) + patience_ns


def fallen_silent(
    states: Mapping[str, WriterState], heard: Mapping[str, int], after_ns: int, closed_ns: int
) -> list[str]:
    """Return the processes that a window names, sorted.

    A process that another of its pod has followed is left out: that one tells the lost rows.

    Args:
        states: the newest state of each process, `<pod>-<start>`.
        heard: the newest arrival that each has written.
        after_ns: what closed the window before; who was overdue by then was named by that one.
        closed_ns: what closed the window.
    """
    # Sorted, so that of each pod the latest start stays.
    newest = dict(sorted(map(_pod_and_start, states)))
    return sorted(
        process
        for process, state in states.items()
        if state.unwritten
        and _pod_and_start(process) in newest.items()
        and after_ns < overdue_ns(state, heard.get(process, 0)) <= closed_ns
    )


def find_silent(
    store: Store, read: Read, traffic: Traffic, after_ns: int, closed_ns: int
) -> list[str]:
    """Return the processes that a window names, from what is in the bucket.

    Raises:
        StoreError: the bucket does not answer.
    """
    since = day_of(after_ns - MOST_OVERDUE_NS - STATED_NS)
    states = _newest_states(store, read, traffic.model, since)
    heard = traffic.ledger.newest_arrivals()
    for process, state in states.items():
        # What has long been silent is forgotten by the ledger.
        if state.unwritten and process not in heard and overdue_ns(state, 0) <= closed_ns:
            heard[process] = _last_arrival(store, read, traffic.model, process, state)
    return fallen_silent(states, heard, after_ns, closed_ns)


def _newest_states(store: Store, read: Read, model: str, since: str) -> dict[str, WriterState]:
    prefix = layout.writers_prefix(model)
    entries = store.list(prefix, start_after=f"{prefix}{since}")
    states: dict[str, WriterState] = {}
    for key in newest_of(_named(entry.key for entry in entries)):
        try:
            states[writer_of(key).process] = WriterState.from_bytes(read(key))
        except (ValueError, NewerSchemaError) as error:
            logger.warning("stored object not readable", extra={"key": key, "cause": str(error)})
    return states


def _named(keys: Iterable[str]) -> Iterator[str]:
    """Yield the keys that end in `<pod>-<start>-<sequence>`."""
    for key in keys:
        with suppress(ValueError):
            _pod_and_start(writer_of(key).process)
            yield key


def _last_arrival(store: Store, read: Read, model: str, process: str, state: WriterState) -> int:
    """Return when the last row or label arrived that a process has written, 0 without one.

    It says its state again every day, so all that it wrote since lies under that day or the next.
    """
    first = day_of(state.at_ns)
    found = [0]
    for day in (first, day_after(first)):
        for prefix in (layout.decisions_prefix(model), layout.feedback_prefix(model)):
            keys = [entry.key for entry in store.list(f"{prefix}{day}/{process}-")]
            found += [_arrival(read, key) for key in keys[-1:]]
    return max(found)


def _arrival(read: Read, key: str) -> int:
    """Return the arrival of an object's last row or label, 0 where it is not readable."""
    with suppress(ValueError, NewerSchemaError):
        if key.endswith(".bin"):
            return int(read_arrived_rows(read(key)).received_ns.max(initial=0))
        return read_arrived_labels(read(key)).batch.complete_ns
    return 0


def _pod_and_start(process: str) -> tuple[str, int]:
    """Return which pod a process ran in, and when it began, nanoseconds since 1970.

    Raises:
        ValueError: the name has another form.
    """
    pod, _, start = process.rpartition("-")
    return pod, int(start, 16)
