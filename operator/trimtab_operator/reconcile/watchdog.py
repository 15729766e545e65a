"""Tells whether the watch still shows what the API server has."""

from collections.abc import Mapping

from trimtab_operator.reconcile.schedule import Key

PATIENCE_SECONDS = 180.0
"""A watch that is being opened again after a fault may take so long."""


class Watchdog:
    """Compares versions that the watch has shown with versions that a list has shown.

    Quiet alone proves nothing: where nothing changes, a healthy watch says nothing either.
    """

    def __init__(self) -> None:
        self._seen: dict[Key, str] = {}
        self._unseen: dict[Key, tuple[str, float]] = {}
        self.silent = False

    def saw(self, key: Key, version: str | None) -> None:
        """Note the version of an event's object; None for a deleted one."""
        if version is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = version

    def compare(self, listed: Mapping[Key, str], now: float) -> None:
        """Compare with a list: a version that lists have for long and no event had was missed.

        Args:
            listed: resource versions that the API server has.
            now: monotonic seconds.
        """
        before = self._unseen
        self._unseen = {
            key: before[key] if key in before and before[key][0] == version else (version, now)
            for key, version in listed.items()
            if self._seen.get(key) != version
        }
        oldest = min((since for _, since in self._unseen.values()), default=now)
        self.silent = now - oldest > PATIENCE_SECONDS
        for key in self._seen.keys() - listed.keys():
            del self._seen[key]
