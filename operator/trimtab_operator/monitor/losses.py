"""How many objects servers have lost, by the holes in what they have numbered.

A window counts what is missing in front of and between its objects, as far as no window before it
has. So every hole is counted once: in the first window that takes an object from behind it.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from trimtab_operator.monitor.sequences import count_missing, newest_of
from trimtab_operator.monitor.traffic import Traffic
from trimtab_operator.monitor.windows import Grid
from trimtab_operator.storage.window_evaluation import WindowKeys
from trimtab_stages.contract import layout
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.store import Store


@dataclass(frozen=True, slots=True)
class NearPanes:
    """Keys of one version's panes about a window.

    Attributes:
        inside: in the window, sorted.
        around: in it, in the one before it and in the one behind it.
    """

    inside: tuple[str, ...]
    around: tuple[str, ...]


def list_panes(store: Store, model: str, version: str, grid: Grid, number: int) -> NearPanes:
    """Return the keys of one version's panes in a window, and in those before and behind it.

    Raises:
        StoreError: the bucket does not answer.
    """
    before, begin, end, beyond = (grid.start_seconds(number + step) for step in (-1, 0, 1, 2))
    prefix = layout.version_panes_prefix(model, version)
    inside: list[str] = []
    around: list[str] = []
    for entry in store.list(prefix, start_after=layout.before_bucket(prefix, before)):
        bucket = int(entry.key.split("/")[-2])
        if bucket >= beyond:
            break
        around.append(entry.key)
        if begin <= bucket < end:
            inside.append(entry.key)
    return NearPanes(tuple(inside), tuple(around))


def counted_in(evaluation: Evaluation) -> WindowKeys:
    """Return the newest objects that a window has taken: what is missing below is counted in it."""
    return WindowKeys(
        panes=newest_of(evaluation.panes),
        records=newest_of(evaluation.records),
        feedback=newest_of(evaluation.feedback),
    )


def count_lost(
    store: Store, traffic: Traffic, near: NearPanes, used: WindowKeys, before: Sequence[WindowKeys]
) -> int:
    """Return how many objects are missing that a window counts.

    A process numbers its panes of all versions and times in one row, and the ledger forgets what
    older windows have taken. So what is not found near the window is looked for in the bucket.

    Args:
        store: the bucket.
        traffic: what was seen of the Model.
        near: panes about the window.
        used: what belongs to the window.
        before: `counted_in` of the windows before it.

    Raises:
        StoreError: the bucket does not answer.
    """
    done, ledger = _together(before), traffic.ledger
    of_days = partial(_stored_since, store, traffic.unreadable)
    return (
        _missing(used.panes, near.around, done.panes, partial(_stored_panes, store, traffic.model))
        + _missing(used.records, ledger.block_keys, done.records, of_days)
        + _missing(used.feedback, ledger.label_keys, done.feedback, of_days)
    )


def _missing(
    taken: Sequence[str],
    near: Iterable[str],
    before: Sequence[str],
    stored: Callable[[Sequence[str]], Iterable[str]],
) -> int:
    """Return how many are missing near the window that are not in the bucket either."""
    missing = count_missing(taken, near, before)
    return count_missing(taken, stored((*before, *taken)), before) if missing else 0


def _stored_panes(store: Store, model: str, _: Sequence[str]) -> Iterator[str]:
    return (entry.key for entry in store.list(layout.panes_prefix(model)))


def _stored_since(store: Store, unreadable: Container[str], keys: Sequence[str]) -> Iterator[str]:
    """Yield the readable records, or labels, that are in the bucket since the day of the oldest."""
    folder = min(key.rpartition("/")[0] for key in keys)
    kind = folder.rpartition("/")[0]
    for entry in store.list(f"{kind}/", start_after=folder):
        if entry.key not in unreadable:
            yield entry.key


def _together(windows: Sequence[WindowKeys]) -> WindowKeys:
    return WindowKeys(
        panes=[key for window in windows for key in window.panes],
        records=[key for window in windows for key in window.records],
        feedback=[key for window in windows for key in window.feedback],
    )
