"""The metric log of a stage that trains, as a run's attempts left it in the store."""

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


def read_metric_log(store: Store, run: str, stage: StageName = StageName.TRAIN) -> MetricLog:
    """Return what the attempts of a run logged while they trained."""
    prefix = layout.attempts_prefix(run)
    keys = sorted(entry.key for entry in store.list(prefix))
    names = sorted({key.removeprefix(prefix).split("/")[0] for key in keys})
    logs = [f"{layout.attempt_prefix(run, name)}metrics/{stage}-" for name in names]
    logged = [_epochs(store, [key for key in keys if key.startswith(log)]) for log in logs]
    return MetricLog(tuple(filter(None, logged)), len(names))


def _epochs(store: Store, keys: list[str]) -> tuple[int, ...]:
    return tuple(json.loads(line)["epoch"] for key in keys for line in store.get(key).splitlines())
