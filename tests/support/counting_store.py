"""A store in a directory that counts what is asked of it."""

from collections.abc import Iterator

from trimtab_stages.store import Entry, LocalStore


class CountingStore(LocalStore):
    """Counts what listings have brought and what was read.

    Attributes:
        listings: listings that were begun.
        listed: entries of listings.
        got: objects read.
    """

    listings = 0
    listed = 0
    got = 0

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
        """Yield a listing's entries; each counts, and the listing too."""
        self.listings += 1
        for entry in super().list(prefix, start_after):
            self.listed += 1
            yield entry

    def get(self, key: str) -> bytes:
        """Return an object, which counts."""
        self.got += 1
        return super().get(key)
