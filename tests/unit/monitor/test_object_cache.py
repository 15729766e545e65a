from pathlib import Path

import pytest

from trimtab_operator.monitor.object_cache import ENTRY_BYTES, ObjectCache
from trimtab_stages.store import LocalStore


@pytest.mark.parametrize(
    ("size", "most"),
    [pytest.param(0, 10, id="empty objects"), pytest.param(ENTRY_BYTES, 5, id="small objects")],
)
def test_what_is_kept_is_bounded_whatever_its_size(tmp_path: Path, size: int, most: int) -> None:
    store, cache = LocalStore(tmp_path), ObjectCache(10 * ENTRY_BYTES)
    for number in range(50):
        store.put_if_absent(f"k{number}", bytes(size))
        assert cache.get(store, f"k{number}") == bytes(size)
        assert len(cache) <= most
    store.delete("k49")
    assert cache.get(store, "k49") == bytes(size)
    assert len(cache) == most
