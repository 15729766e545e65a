from pathlib import Path

import pytest

from trimtab_operator.storage.audit_keys import newest_keys
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.store import LocalStore

MOST = 4


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        pytest.param([], [], id="an empty chain"),
        pytest.param(range(1), [0], id="one record"),
        pytest.param(range(4), [0, 1, 2, 3], id="just as many"),
        pytest.param(range(5), [1, 2, 3, 4], id="one more"),
        pytest.param(range(6), [2, 3, 4, 5], id="two more"),
        pytest.param(range(33), [29, 30, 31, 32], id="a power of two and one"),
        pytest.param(range(1000), [996, 997, 998, 999], id="a long chain"),
        pytest.param([*range(30), *range(31, 34)], [31, 32, 33], id="one of the newest removed"),
        pytest.param(
            [*range(3), *range(90, 99)], [95, 96, 97, 98], id="many in the middle removed"
        ),
        pytest.param([77], [77], id="all but the last removed"),
    ],
)
def test_the_newest_keys_are_found(tmp_path: Path, numbers: list[int], expected: list[int]) -> None:
    store = LocalStore(tmp_path)
    for number in numbers:
        store.put_if_absent(audit_record(number), b"{}")
    assert newest_keys(store, MOST)[-len(expected) :] == [audit_record(one) for one in expected]
    assert len(newest_keys(store, MOST)) <= MOST
