"""Turns raw cells into typed columns; cells that do not fit reject their row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trimtab_stages.contract.features import Column, ColumnType
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.event_time import read_event_times
from trimtab_stages.ingest.frame import Categories, Frame, Mask, Numbers, Rejected, Step, Whole
from trimtab_stages.ingest.raw import RawRows
from trimtab_stages.ingest.rule_names import Rule

NUMBER_SHAPE = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
LARGEST_NUMBER = 1e38
"""The served graph computes in float32 (up to 3.4e38); differences must fit as well."""

TRUE_TEXTS = ("true", "1", "yes")
FALSE_TEXTS = ("false", "0", "no")
SHOWN_CHARACTERS = 40
EXPECTED = {
    ColumnType.NUMBER: "a number up to 1e38",
    ColumnType.BOOLEAN: "true/false, 1/0 or yes/no",
    ColumnType.TIMESTAMP: "a time stamp",
}


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """One column after the cast: exactly one of `numbers` and `categories` is set.

    Attributes:
        bad: cells that hold something, but nothing of the column's type.
    """

    bad: Mask
    numbers: Numbers | None = None
    categories: Categories | None = None


def cast_rows(raw: RawRows, time_ns: Whole, rules: IngestRules, na_tokens: Sequence[str]) -> Step:
    """Give every declared column its type; source positions are positions in `raw`.

    Raises:
        StageError: UnreadableFile where a Parquet column can never have the declared type.
    """
    count = len(raw)
    numbers: dict[str, Numbers] = {}
    categories: dict[str, Categories] = {}
    reasons: dict[int, str] = {}
    for column in data_columns(rules):
        cells = raw.table[column.name].combine_chunks()
        typed = cast_column(cells, column, rules, na_tokens)
        if typed.numbers is not None:
            numbers[column.name] = typed.numbers
        if typed.categories is not None:
            categories[column.name] = typed.categories
        for position in np.flatnonzero(typed.bad).tolist():
            reasons.setdefault(position, _reason(column, cells[position]))
    zeros = np.zeros(count, np.int64)
    frame = Frame(time_ns, np.arange(count), zeros, zeros, numbers, categories)
    bad = np.array(sorted(reasons), np.int64)
    rejected = Rejected(Rule.CAST, bad, tuple(reasons[position] for position in bad.tolist()))
    return Step(Rule.CAST, frame.take(~np.isin(frame.source, bad)), (rejected,))


def cast_column(
    cells: pa.Array, column: Column, rules: IngestRules, na_tokens: Sequence[str]
) -> TypedColumn:
    """Cast one column's cells.

    Raises:
        StageError: UnreadableFile where a Parquet column can never have the declared type.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        cells = _without_na(cells, na_tokens)
    try:
        match column.type:
            case ColumnType.NUMBER:
                return _numbers(cells)
            case ColumnType.BOOLEAN:
                return _booleans(cells)
            case ColumnType.TIMESTAMP:
                return _timestamps(cells, rules)
            case ColumnType.CATEGORY:
                return _categories(cells)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"column {column.name} is stored as {cells.type} and declared as {column.type}:"
            f" {error}; correct `spec.columns[].type`.",
        ) from error


def _without_na(cells: pa.Array, na_tokens: Sequence[str]) -> pa.Array:
    """Trim the texts; those that mean a missing value become null."""
    text = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    is_missing = pc.is_in(text, pa.array(list(na_tokens), pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), text)


def _numbers(cells: pa.Array) -> TypedColumn:
    if pa.types.is_string(cells.type):
        unsigned = pc.replace_substring_regex(cells, r"^\+", "")
        fits = pc.fill_null(pc.match_substring_regex(unsigned, NUMBER_SHAPE), fill_value=False)
        values = pc.if_else(fits, unsigned, pa.scalar(None, pa.string())).cast(pa.float64())
    else:
        values = cells.cast(pa.float64(), safe=False)
    numbers = np.array(pc.fill_null(values, np.nan), np.float64)
    # Only a float column can store a NaN: there it is a missing value, not a fault.
    stored_nan = np.asarray(pc.fill_null(pc.is_nan(values), fill_value=False))
    usable = np.abs(numbers) <= LARGEST_NUMBER
    bad = ~usable & np.asarray(cells.is_valid()) & ~stored_nan
    return TypedColumn(bad, numbers=np.where(usable, numbers, np.nan))


def _booleans(cells: pa.Array) -> TypedColumn:
    text = pc.utf8_lower(cells.cast(pa.string()))
    is_true = pc.is_in(text, pa.array(TRUE_TEXTS))
    is_false = pc.is_in(text, pa.array(FALSE_TEXTS))
    fits = np.asarray(pc.or_(is_true, is_false))
    values = np.where(fits, np.asarray(is_true).astype(np.float64), np.nan)
    return TypedColumn(~fits & np.asarray(cells.is_valid()), numbers=values)


def _timestamps(cells: pa.Array, rules: IngestRules) -> TypedColumn:
    """Read a further time column by the event time's format, as seconds since 1970 UTC."""
    times = read_event_times(pa.chunked_array([cells]), rules.time)
    values = np.where(times.bad, np.nan, times.ns / 1e9)
    return TypedColumn(times.bad & np.asarray(cells.is_valid()), numbers=values)


def _categories(cells: pa.Array) -> TypedColumn:
    text = cells.cast(pa.string())
    names = tuple(sorted(name for name in pc.unique(text).to_pylist() if name is not None))
    codes = pc.index_in(text, pa.array(names, pa.string()))
    filled = np.array(pc.fill_null(codes, -1), np.int32)
    return TypedColumn(np.zeros(len(text), np.bool_), categories=Categories(filled, names))


def _reason(column: Column, cell: pa.Scalar) -> str:
    shown = str(cell.as_py())[:SHOWN_CHARACTERS]
    return f"{column.name}: {shown!r} is not {EXPECTED[column.type]}"
