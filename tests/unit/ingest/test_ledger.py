from itertools import count

import numpy as np
import pyarrow as pa
import pytest

from support.ingesting import make_frame, make_rules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.frame import Rejected, Step
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.raw import Malformed, RawRows

FRAME = make_frame([0, 1], x=[1, 2])
LINE = Malformed("f.csv", 7, "1,2,3", "3 fields where the header has 2")


def ledger(rows_in: int) -> Ledger:
    ticks = count(step=2)
    return Ledger(lambda: float(next(ticks)), raw=raw(rows_in))


def raw(rows: int, *malformed: Malformed) -> RawRows:
    numbers = np.arange(rows)
    return RawRows(pa.table({"x": numbers}), ("f.csv",), numbers * 0, numbers, malformed)


def rejecting(rows: int, rule: str = "Range") -> Step:
    return Step(rule, FRAME, (Rejected(rule, np.arange(rows), ("too big",) * rows),), 3, 4)


def test_effect_and_cost_of_a_rule_are_noted() -> None:
    book = ledger(10)
    assert book.account(lambda: rejecting(2)) is FRAME
    noted = book.counts[0]
    assert (noted.rule, noted.quarantined, noted.filtered, noted.changed) == ("Range", 2, 3, 4)
    assert noted.seconds == 2.0
    assert (book.quarantined, book.filtered) == (2, 3)


def test_malformed_lines_count_as_quarantined() -> None:
    book = ledger(10)
    book.account_read(raw(9, LINE), 1.5)
    assert (book.rows_in, book.quarantined, book.counts[0].seconds) == (10, 1, 1.5)


@pytest.mark.parametrize(
    ("rows_in", "rejected", "reason"),
    [
        pytest.param(100, 20, None, id="at-the-limit"),
        pytest.param(100, 21, StageReason.VALIDATION_FAILED, id="above-the-limit"),
        pytest.param(7, 7, StageReason.NO_ROWS_LEFT, id="all"),
        pytest.param(0, 0, StageReason.NO_ROWS_LEFT, id="no-rows-at-all"),
    ],
)
def test_too_many(rows_in: int, rejected: int, reason: StageReason | None) -> None:
    book = ledger(rows_in)
    book.account(lambda: rejecting(rejected))
    if reason is None:
        book.refuse_too_many(make_rules())
        return
    with pytest.raises(StageError) as raised:
        book.refuse_too_many(make_rules())
    assert raised.value.reason is reason


def test_the_message_names_the_worst_rules_with_examples() -> None:
    book = ledger(10)
    book.account_read(raw(9, LINE), 0)
    book.account(lambda: rejecting(4))
    with pytest.raises(StageError) as raised:
        book.refuse_too_many(make_rules())
    assert "Range 4 (for example too big); Malformed 1 (for example 3 fields" in str(raised.value)


def test_a_lost_row_is_an_internal_error() -> None:
    book = ledger(10)
    book.account(lambda: rejecting(2))
    book.check_balance(5)
    with pytest.raises(StageError) as raised:
        book.check_balance(4)
    assert raised.value.reason is StageReason.INTERNAL_ERROR


def test_an_empty_time_range_is_named() -> None:
    rules = make_rules(time={"column": "ts", "start": "2030-01-01T00:00:00Z"})
    with pytest.raises(StageError, match=r"`spec.time.start` 2030-01-01T00:00:00Z to its end"):
        ledger(0).refuse_too_many(rules)
