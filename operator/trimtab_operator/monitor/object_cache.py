"""Bytes of stored objects that were read last: written once, they never change."""

from collections import OrderedDict
from threading import Lock

from trimtab_stages.store import Store

MOST_BYTES = 64 << 20
ENTRY_BYTES = 512
"""What an object takes beside its bytes: its name, and its place. So empty ones count as well."""


class ObjectCache:
    """Reads through to stores and keeps what was read last. Safe to share between threads.

    Args:
        most_bytes: bound on what is kept.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, store: Store, key: str) -> bytes:
        """Return an object; raises `StoreError`."""
        place = store.uri(key)
        with self._lock:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
        data = store.get(key)
        with self._lock:
            if place not in self._kept:
                self._kept[place] = data
                self._bytes += len(data) + ENTRY_BYTES
            while self._bytes > self._most_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= len(oldest) + ENTRY_BYTES
        return data
