"""Asks a store whether it keeps the one promise that everything else rests on: write once."""

import contextlib

from trimtab_stages.contract import layout
from trimtab_stages.store.errors import ArtifactConflict, ConditionalWriteUnsupported
from trimtab_stages.store.protocol import Store, Written


def probe(store: Store, token: str) -> None:
    """Write one object twice with different bytes; the second write must be refused.

    Args:
        store: store to ask.
        token: makes the probe's key its own; two probes at once need two tokens.

    Raises:
        ConditionalWriteUnsupported: the store overwrote the object.
        StoreError: the store cannot be reached, read or written.
    """
    key = layout.probe(token)
    first, second = b"first writer", b"second writer"
    store.delete(key)
    try:
        if not isinstance(store.put_if_absent(key, first), Written):
            raise ConditionalWriteUnsupported(store.location)
        with contextlib.suppress(ArtifactConflict):
            store.put_if_absent(key, second)
            raise ConditionalWriteUnsupported(store.location)
        if store.get(key) != first:
            raise ConditionalWriteUnsupported(store.location)
    finally:
        store.delete(key)
