"""The metric log of a run's training, as its attempts left it in the store."""

import json
from dataclasses import dataclass
from itertools import pairwise

from trimtab_stages.contract import layout
from trimtab_stages.contract.run import StageName
from trimtab_stages.store import Store


@dataclass(frozen=True)
class MetricLog:
    """The epochs of all metric lines.

    Attributes:
        attempts: those of each attempt that trained, in order.
        started: how many attempts were begun.
    """

    attempts: tuple[tuple[int, ...], ...]
    started: int

    @property
    def epochs(self) -> tuple[int, ...]:
        """All epochs, in the order of attempts."""
        return tuple(epoch for attempt in self.attempts for epoch in attempt)

    @property
    def continued_at(self) -> tuple[int, ...]:
        """First epoch of each attempt after the first: the one after the checkpoint it read."""
        return tuple(attempt[0] for attempt in self.attempts[1:])

    def is_in_order(self) -> bool:
        """Return whether each line is of a later epoch than those before it, so none is twice."""
        return all(earlier < later for earlier, later in pairwise(self.epochs))

    def missing(self, last: int) -> set[int]:
        """Return the epochs from 1 to the last one that no line tells of."""
        return {*range(1, last + 1)} - {*self.epochs}


def read_metric_log(store: Store, run: str) -> MetricLog:
    """Return what the attempts of a run logged while they trained."""
    prefix = layout.attempts_prefix(run)
    keys = sorted(entry.key for entry in store.list(prefix))
    names = sorted({key.removeprefix(prefix).split("/")[0] for key in keys})
    logged = [_epochs(store, keys, layout.attempt_prefix(run, name)) for name in names]
    return MetricLog(tuple(filter(None, logged)), len(names))


def _epochs(store: Store, keys: list[str], attempt: str) -> tuple[int, ...]:
    prefix = f"{attempt}metrics/{StageName.TRAIN}-"
    lines = [line for key in keys if key.startswith(prefix) for line in store.get(key).splitlines()]
    return tuple(json.loads(line)["epoch"] for line in lines)
