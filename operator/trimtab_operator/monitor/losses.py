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
        begin: where the window before it begins, seconds since 1970.
        end: where the window behind it ends.
    """

    inside: tuple[str, ...]
    around: tuple[str, ...]
    begin: int
    end: int


def list_panes(store: Store, model: str, version: str, grid: Grid, number: int) -> NearPanes:
    """Return the keys of one version's panes in a window, and in those before and behind it.

    Raises:
        StoreError: the bucket does not answer.
    """
    before, begin, end, beyond = (grid.start_seconds(number + step) for step in (-1, 0, 1, 2))
    prefix = layout.version_panes_prefix(model, version)
    around = tuple(_panes_between(store, prefix, before, beyond))
    inside = tuple(key for key in around if begin <= _bucket_of(key) < end)
    return NearPanes(inside, around, before, beyond)


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
    older windows have taken. So what is not found near the window is looked for among the panes
    that other versions have near it, as a challenger in the shadow has, and then in the bucket.

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
    of_versions = partial(_near_panes, store, traffic.model, near)
    of_model = partial(_stored_panes, store, traffic.model)
    return (
        _missing(used.panes, near.around, done.panes, (of_versions, of_model))
        + _missing(used.records, ledger.block_keys, done.records, (of_days,))
        + _missing(used.feedback, ledger.label_keys, done.feedback, (of_days,))
    )


def _missing(
    taken: Sequence[str],
    near: Iterable[str],
    before: Sequence[str],
    wider: Sequence[Callable[[Sequence[str]], Iterable[str]]],
) -> int:
    """Return how many are missing near the window that are nowhere else either.

    Args:
        taken: keys of the window.
        near: keys about it.
        before: keys that windows before it have taken.
        wider: return keys of more and more; asked as long as something is missing.
    """
    missing = count_missing(taken, near, before)
    for stored in wider:
        if not missing:
            break
        missing = count_missing(taken, stored((*before, *taken)), before)
    return missing


def _near_panes(store: Store, model: str, near: NearPanes, _: Sequence[str]) -> Iterator[str]:
    """Yield the panes of all versions about a window."""
    panes, behind = layout.panes_prefix(model), ""
    while (entry := next(iter(store.list(panes, start_after=behind)), None)) is not None:
        version = entry.key.removeprefix(panes).partition("/")[0]
        yield from _panes_between(store, f"{panes}{version}/", near.begin, near.end)
        # Sorts behind all keys of the version: `0` comes next to the slash.
        behind = f"{panes}{version}0"


def _panes_between(store: Store, prefix: str, begin: int, end: int) -> Iterator[str]:
    for entry in store.list(prefix, start_after=layout.before_bucket(prefix, begin)):
        if _bucket_of(entry.key) >= end:
            break
        yield entry.key


def _bucket_of(key: str) -> int:
    return int(key.split("/")[-2])


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
