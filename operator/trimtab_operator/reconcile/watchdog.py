"""Tells whether the watch still shows what the API server has."""

from collections.abc import Mapping

from trimtab_operator.reconcile.schedule import Key


class Watchdog:
    """Compares versions that the watch has shown with versions that a list has shown.

    Quiet alone proves nothing: where nothing changes, a healthy watch says nothing either.
    """

    def __init__(self) -> None:
        self._seen: dict[Key, str] = {}
        self._unseen: dict[Key, str] = {}
        self.silent = False

    def saw(self, key: Key, version: str | None) -> None:
        """Note the version of an event's object; None for a deleted one."""
        if version is None:
            self._seen.pop(key, None)
        else:
            self._seen[key] = version

    def compare(self, listed: Mapping[Key, str]) -> None:
        """Compare with a list: a version that two lists have and no event had was missed."""
        unseen = {key: version for key, version in listed.items() if self._seen.get(key) != version}
        self.silent = any(self._unseen.get(key) == version for key, version in unseen.items())
        self._unseen = unseen
        for key in self._seen.keys() - listed.keys():
            del self._seen[key]
