"""Decimal strings, times, names and canonical digests."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab_stages.contract.base import (
    ColumnName,
    DecimalString,
    Digest,
    ObjectName,
    StrictModel,
    UtcTime,
    canonical_json,
    digest_of,
    digest_of_bytes,
)


class Sample(StrictModel):
    """One field of each base type."""

    share: DecimalString | None = None
    digest: Digest | None = None
    some_name: ObjectName | None = None
    column: ColumnName | None = None
    at: UtcTime | None = None


@pytest.mark.parametrize("text", ["0", "0.05", "-3.5", "123456789012", "1.123456789"])
def test_decimal_strings_keep_their_text(text: str) -> None:
    sample = Sample.model_validate({"share": text})
    assert sample.share == Decimal(text)
    assert sample.to_wire() == {"share": text}


@pytest.mark.parametrize(
    "value",
    [0.1, 1, True, "abc", "", "1e5", "NaN", "Infinity", "1.", ".5", " 1", "1\n", "1.1234567890"],
    ids=repr,
)
def test_anything_else_is_no_decimal_string(value: Any) -> None:
    with pytest.raises(ValidationError, match="must be a decimal string such as"):
        Sample.model_validate({"share": value})


@given(st.decimals(-(10**9), 10**9, places=6))
def test_decimal_round_trip(value: Decimal) -> None:
    wire = Sample.model_validate({"share": format(value, "f")}).to_wire()
    assert Sample.model_validate(wire).share == value


@pytest.mark.parametrize(
    ("given_time", "wire"),
    [
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
        ("2026-11-22T14:00:00+02:00", "2026-11-22T12:00:00Z"),
        ("2026-11-22T12:00:00.250000Z", "2026-11-22T12:00:00.250000Z"),
        (datetime(2026, 11, 22, 12), "2026-11-22T12:00:00Z"),  # noqa: DTZ001 - naive means UTC
        (datetime(2026, 11, 22, 7, tzinfo=timezone(timedelta(hours=-5))), "2026-11-22T12:00:00Z"),
    ],
    ids=["zulu", "offset", "fraction", "naive", "aware"],
)
def test_times_are_written_in_utc(given_time: object, wire: str) -> None:
    sample = Sample.model_validate({"at": given_time})
    assert sample.to_wire() == {"at": wire}
    assert sample.at is not None
    assert sample.at.tzinfo is UTC or sample.at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("digest", f"sha256:{'0' * 64}", f"sha256:{'0' * 63}"),
        ("digest", f"sha256:{'f' * 64}", f"sha256:{'F' * 64}"),
        ("someName", "a", "-a"),
        ("someName", "a" * 63, "a" * 64),
        ("column", "_tmax2", "2tmax"),
        ("column", "T", "t max"),
    ],
)
def test_names_and_digests_have_a_form(field: str, good: str, bad: str) -> None:
    assert Sample.model_validate({field: good}).to_wire() == {field: good}
    with pytest.raises(ValidationError):
        Sample.model_validate({field: bad})


TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(TEXT, JSON, max_size=6))
def test_digest_does_not_depend_on_key_order(value: dict[str, Any]) -> None:
    turned = dict(reversed(list(value.items())))
    assert canonical_json(value) == canonical_json(turned)
    assert digest_of(value) == digest_of_bytes(canonical_json(value))


def test_canonical_form_is_fixed() -> None:
    assert canonical_json({"b": [1, None], "a": "ü"}) == '{"a":"ü","b":[1,null]}'.encode()
    empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest_of({}) == f"sha256:{empty}"


def test_absent_values_are_left_out() -> None:
    assert Sample(some_name="x").to_wire() == {"someName": "x"}
