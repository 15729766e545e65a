"""Which keys a store accepts."""

import re

from trimtab_stages.contract.layout import OVERWRITABLE_PREFIX
from trimtab_stages.store.errors import InvalidKey

MAX_KEY_BYTES = 900
"""S3 allows 1024 bytes; the rest is left to the store's prefix."""

MAX_SEGMENT_BYTES = 255
"""Longest file name of the usual Linux file systems (local stores, POSIX-backed S3 servers)."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Control characters of ASCII."""


def check_key(key: str) -> str:
    """Return `key` if S3, a POSIX-backed S3 server and a directory can all hold it.

    Raises:
        InvalidKey: empty, absolute, too long, with `.`/`..`/empty segments or control characters.
    """
    if not key:
        raise InvalidKey(key, "it is empty")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise InvalidKey(key[:80] + "...", f"it is longer than {MAX_KEY_BYTES} bytes")
    if CONTROL.search(key):
        raise InvalidKey(key, "it holds control characters")
    if "\\" in key:
        raise InvalidKey(key, "it holds a backslash; segments are separated by /")
    for segment in key.split("/"):
        if segment in {"", ".", ".."}:
            raise InvalidKey(
                key, f"segment {segment!r} is not a name (no leading, trailing or double /)"
            )
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            raise InvalidKey(key, f"one segment is longer than {MAX_SEGMENT_BYTES} bytes")
    return key


def check_prefix(prefix: str) -> str:
    """Return `prefix` if keys can begin with it; it may be empty, or end with a slash.

    Raises:
        InvalidKey: no key can begin with it.
    """
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


def check_overwritable(key: str) -> str:
    """Return `key` if the storage layout lets its bytes change.

    Raises:
        InvalidKey: it is written once, or no key at all.
    """
    if not check_key(key).startswith(OVERWRITABLE_PREFIX):
        raise InvalidKey(key, "only keys below probes/ may be overwritten; use put_if_absent")
    return key
