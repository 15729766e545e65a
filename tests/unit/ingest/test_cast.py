import numpy as np
import pyarrow as pa
import pytest

from support.ingesting import make_rules
from trimtab_stages.contract.features import Column, ColumnType
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.cast import cast_column

NA = ["", "NA", "nil"]
NAN = float("nan")


@pytest.mark.parametrize(
    ("kind", "cells", "values", "bad"),
    [
        pytest.param(
            ColumnType.NUMBER,
            ["1", " 2.5 ", "+3", "-4e-1", ".5", "6."],
            [1, 2.5, 3, -0.4, 0.5, 6],
            [],
            id="number-shapes",
        ),
        pytest.param(
            ColumnType.NUMBER, ["nil", "", " NA "], [NAN, NAN, NAN], [], id="na-tokens-are-missing"
        ),
        pytest.param(
            ColumnType.NUMBER,
            ["1,5", "0x10", "inf", "1e39", "abc", "--1"],
            [NAN] * 6,
            [0, 1, 2, 3, 4, 5],
            id="what-is-no-finite-number",
        ),
        pytest.param(
            ColumnType.BOOLEAN,
            ["true", "Yes", "1", "FALSE", "no", "0", "nil", "maybe"],
            [1, 1, 1, 0, 0, 0, NAN, NAN],
            [7],
            id="booleans",
        ),
        pytest.param(
            ColumnType.TIMESTAMP,
            ["1970-01-02", "1970-01-01T00:00:01+01:00", "soon"],
            [86_400, -3599, NAN],
            [2],
            id="further-time-stamps-are-seconds",
        ),
    ],
)
def test_text(kind: ColumnType, cells: list[str], values: list[float], bad: list[int]) -> None:
    typed = cast_column(pa.array(cells), Column(name="c", type=kind), make_rules(), NA)
    np.testing.assert_array_equal(typed.numbers, values)
    assert np.flatnonzero(typed.bad).tolist() == bad


@pytest.mark.parametrize(
    ("array", "values", "bad"),
    [
        pytest.param(pa.array([1, None, 3]), [1, NAN, 3], [], id="integers"),
        pytest.param(pa.array([1.5, NAN]), [1.5, NAN], [], id="stored-nan-is-missing"),
        pytest.param(pa.array([float("inf")]), [NAN], [0], id="stored-infinity-is-a-fault"),
        pytest.param(pa.array([True, False]), [1, 0], [], id="booleans-as-numbers"),
        pytest.param(pa.array(["7", "nil"]), [7, NAN], [], id="text-in-parquet"),
    ],
)
def test_typed_numbers(array: pa.Array, values: list[float], bad: list[int]) -> None:
    typed = cast_column(array, Column(name="c"), make_rules(), NA)
    np.testing.assert_array_equal(typed.numbers, values)
    assert np.flatnonzero(typed.bad).tolist() == bad


def test_categories_have_sorted_names_and_codes() -> None:
    cells = pa.array(["b", "nil", "a", "b "])
    typed = cast_column(cells, Column(name="c", type=ColumnType.CATEGORY), make_rules(), NA)
    assert typed.categories is not None
    assert typed.categories.names == ("a", "b")
    assert typed.categories.codes.tolist() == [1, -1, 0, 1]


def test_dictionary_columns_are_read_like_text() -> None:
    cells = pa.array(["x", "y", None]).dictionary_encode()
    typed = cast_column(cells, Column(name="c", type=ColumnType.CATEGORY), make_rules(), NA)
    assert typed.categories is not None
    assert typed.categories.names == ("x", "y")


def test_a_type_that_can_never_fit_is_named() -> None:
    cells = pa.array([[1], [2]])
    with pytest.raises(
        StageError, match=r"column c is stored as list.*declared as Number"
    ) as raised:
        cast_column(cells, Column(name="c"), make_rules(), NA)
    assert raised.value.reason is StageReason.UNREADABLE_FILE
