"""Finds the end of the audit chain without listing it from its beginning."""

from trimtab_stages.contract.layout import AUDIT_CHAIN, audit_record
from trimtab_stages.store import Store


def newest_keys(store: Store, most: int) -> list[str]:
    """Return the keys of the newest records, in order, at most so many.

    Records are numbered without holes, so doubling and halving finds the last number. Where some
    were removed, fewer keys are returned; those are the newest all the same.

    Args:
        store: the audit bucket.
        most: at least 1.

    Raises:
        StoreError: it does not answer.
    """
    before, through = -1, most
    while _goes_on(store, through):
        before, through = through, 2 * through
    while through - before > most:
        middle = (before + through) // 2
        if _goes_on(store, middle):
            before = middle
        else:
            through = middle
    behind = before - most
    start = audit_record(behind) if behind >= 0 else ""
    return [entry.key for entry in store.list(AUDIT_CHAIN, start_after=start)][-most:]


def _goes_on(store: Store, number: int) -> bool:
    """Return whether there is a record after a number."""
    return any(True for _ in store.list(AUDIT_CHAIN, start_after=audit_record(number)))
