"""What is known of all objects of one kind: a list, and what has been said and written since."""

from collections.abc import Iterable

from trimtab_operator.cluster.client import Manifest

MOMENT_SECONDS = 5.0
"""A list may be used for so long: what a watch has missed is missed no longer."""
NEVER = float("-inf")

Name = tuple[str, str]
Entries = dict[Name, tuple[int, Manifest | None]]
"""Version and body by namespace and name; a body that is None is gone."""


class ListCache:
    """Objects of one kind, each as new as anything that this process has heard of it.

    Nothing rests on it: without it the same is listed anew. The versions of one kind are numbers
    that grow; where an API server has others, each change makes the list worthless.
    """

    def __init__(self) -> None:
        self._entries: Entries = {}
        self._news: Entries = {}
        self._fresh_until = NEVER
        self._complete = False

    def is_fresh(self, now: float) -> bool:
        """Return whether no new list is needed.

        Args:
            now: monotonic seconds.
        """
        return now < self._fresh_until

    def begin(self) -> None:
        """Note that a list is asked for: what is heard until it comes may be newer."""
        self._news, self._complete = {}, True

    def fill(self, bodies: Iterable[Manifest], now: float) -> None:
        """Take the list that was asked for.

        Args:
            bodies: all objects.
            now: monotonic seconds.
        """
        self._entries = {_name(body): (_version(body) or 0, body) for body in bodies}
        for name, (version, body) in self._news.items():
            _keep_newer(self._entries, name, version, body)
        if self._complete:
            self._fresh_until = now + MOMENT_SECONDS

    def take(self, body: Manifest, *, deleted: bool = False) -> None:
        """Take an object of an event or of a write's answer, unless a newer one is known."""
        version = _version(body)
        if version is None:
            self.forget()
            return
        for entries in (self._entries, self._news):
            _keep_newer(entries, _name(body), version, None if deleted else body)

    def forget(self) -> None:
        """Let the next reader list anew, also where a list is under way."""
        self._fresh_until, self._complete = NEVER, False

    def objects(self, namespace: str) -> list[Manifest]:
        """Return the objects of a namespace, of all where empty. They must not be changed."""
        return [
            body
            for (place, _), (_, body) in self._entries.items()
            if body is not None and namespace in {"", place}
        ]


def _keep_newer(entries: Entries, name: Name, version: int, body: Manifest | None) -> None:
    if name not in entries or entries[name][0] < version:
        entries[name] = version, body


def _name(body: Manifest) -> Name:
    metadata = body["metadata"]
    return metadata["namespace"], metadata["name"]


def _version(body: Manifest) -> int | None:
    text: str = body["metadata"]["resourceVersion"]
    return int(text) if text.isdecimal() else None
