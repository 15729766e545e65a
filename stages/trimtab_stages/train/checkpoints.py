"""Checkpoints in the store: written once, the newest two kept."""

import logging
import pickle

from trimtab_stages.contract import layout
from trimtab_stages.store import ArtifactConflict, Store
from trimtab_stages.train.state import Task, TrainingState, threads_of, unpack_state

LOG = logging.getLogger(__name__)

KEPT = 2
_UNREADABLE = (RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError)


class Checkpoints:
    """Checkpoints of one training, named by its cache key."""

    def __init__(self, store: Store, training_key: str) -> None:
        self._store = store
        self._key = training_key

    def write(self, epoch: int, data: bytes) -> None:
        """Store the state after an epoch and forget all but the newest two."""
        try:
            self._store.put_if_absent(layout.checkpoint(self._key, epoch), data)
        except ArtifactConflict:
            # Another attempt came as far on another machine; either state is a true one.
            LOG.info("checkpoint exists", extra={"epoch": epoch})
        for key in self._keys()[:-KEPT]:
            self._store.delete(key)

    def newest(self) -> list[bytes]:
        """Return the stored states, the newest first."""
        return [self._store.get(key) for key in reversed(self._keys())]

    def _keys(self) -> list[str]:
        return sorted(entry.key for entry in self._store.list(layout.checkpoint_prefix(self._key)))


def resume(states: list[bytes], task: Task) -> TrainingState | None:
    """Return the first state that can be read, or none; unreadable ones are logged."""
    for data in states:
        try:
            return unpack_state(data, task)
        except _UNREADABLE as error:
            LOG.warning("a checkpoint cannot be read and is passed over: %s", error)
    return None


def recorded_threads(states: list[bytes], default: int) -> int:
    """Return the threads that the training began with, so that it ends bit-equal."""
    for data in states:
        try:
            return threads_of(data)
        except _UNREADABLE:
            continue
    return default
