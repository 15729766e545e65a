"""Decision records: 64 bytes, exact round trip, torn blocks refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab_stages.contract.decision_record import (
    MAGIC,
    NO_DECISION,
    DecisionRecord,
    digest_prefix,
    hash_id,
    pack,
    unpack_block,
)

NANOSECONDS = st.integers(-(2**63), 2**63 - 1)
RECORDS = st.builds(
    DecisionRecord,
    id_hash=st.binary(min_size=16, max_size=16),
    row=st.integers(0, 2**32 - 1),
    decision=st.integers(-(2**31), 2**31 - 1),
    event_ns=NANOSECONDS,
    received_ns=NANOSECONDS,
    version=st.binary(min_size=8, max_size=8),
    revision=st.binary(min_size=8, max_size=8),
    score=st.floats(width=32, allow_nan=False),
)
ONE = DecisionRecord(
    id_hash=hash_id("request-1"),
    row=2,
    decision=NO_DECISION,
    event_ns=3,
    received_ns=4,
    version=digest_prefix(f"sha256:{'ab' * 32}"),
    revision=digest_prefix(f"sha256:{'cd' * 32}"),
    score=0.5,
)


@given(st.lists(RECORDS, max_size=5))
def test_block_round_trip(records: list[DecisionRecord]) -> None:
    block = MAGIC + b"".join(pack(record) for record in records)
    assert list(unpack_block(block)) == records


def test_record_layout_is_fixed() -> None:
    packed = pack(ONE)
    assert len(packed) == 64
    assert len(MAGIC) == 8
    expected = struct.pack("<IiqqQQfI", 2, -1, 3, 4, 0, 0, 0.5, 0)
    assert packed[:16] == hash_id("request-1")
    assert packed[16:40] == expected[:24]
    assert packed[40:48] == b"\xab" * 8
    assert packed[48:56] == b"\xcd" * 8
    assert packed[56:] == expected[40:]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (b"", "not a block"),
        (b"TTDR\x02\x00\x00\x00" + pack(ONE), "of a version that this program reads"),
        (MAGIC + pack(ONE)[:-1], "63 bytes are no whole number"),
    ],
    ids=["empty", "newer", "torn"],
)
def test_other_blocks_are_refused(block: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(unpack_block(block))


def test_ids_are_hashed_to_sixteen_bytes() -> None:
    assert len(hash_id("a")) == 16
    assert hash_id("a") != hash_id("b")
