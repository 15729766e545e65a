"""What the promise of write-once is worth on a real store that does not keep it."""

import pytest

from support.s3 import S3Server
from trimtab_stages.store import ConditionalWriteUnsupported, S3Store, Written, probe

pytestmark = pytest.mark.integration


@pytest.fixture
def store(overwriting_s3: S3Server) -> S3Store:
    return S3Store(overwriting_s3.create_bucket())


def test_it_overwrites_silently(store: S3Store) -> None:
    store.put_if_absent("commit.json", b"first")
    assert isinstance(store.put_if_absent("commit.json", b"second"), Written)
    assert store.get("commit.json") == b"second"


def test_the_probe_refuses_it_and_leaves_nothing_behind(store: S3Store) -> None:
    with pytest.raises(ConditionalWriteUnsupported) as raised:
        probe(store, "t")
    assert store.location in raised.value.message
    assert list(store.list()) == []
