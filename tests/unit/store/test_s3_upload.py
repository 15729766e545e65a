import pytest

from trimtab_stages.store.s3_upload import MAX_PARTS, plan_part_bytes

MIB = 1 << 20


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(100 * MIB, 64 * MIB, id="small-files-use-the-wanted-size"),
        pytest.param(MAX_PARTS * 64 * MIB, 64 * MIB, id="exactly-10000-parts"),
        pytest.param(MAX_PARTS * 64 * MIB + 1, 64 * MIB + 1, id="one-byte-more-grows-the-parts"),
    ],
)
def test_part_size_keeps_within_the_limit(size: int, expected: int) -> None:
    assert plan_part_bytes(size, 64 * MIB) == expected
