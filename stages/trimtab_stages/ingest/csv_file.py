"""Reads one CSV file: every declared column as text, malformed lines set aside."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import check_columns
from trimtab_stages.ingest.raw import Malformed, RawRows

BLOCK_BYTES = 16 << 20


def read_csv(path: Path, name: str, wanted: Sequence[str], delimiter: str) -> RawRows:
    """Read the columns `wanted` of a CSV file with a header line.

    Args:
        path: the file; `.gz` is read as gzip.
        name: the file's name in the source, for messages and quarantine.
        wanted: columns to read.
        delimiter: one character.

    Raises:
        StageError: UnreadableFile or MissingColumn.
    """
    try:
        header = read_header(path, delimiter)
        check_columns(header, wanted, name)
        table, malformed = _read_rows(path, name, wanted, delimiter)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"{name} cannot be read as CSV: {error}; check source.format, source.delimiter and the"
            " file's encoding (UTF-8).",
        ) from error
    rows = _row_numbers(table.num_rows, malformed)
    ignored = tuple(column for column in header if column not in wanted)
    return RawRows(table, (name,), np.zeros(len(rows), np.int64), rows, malformed, ignored)


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the column names of the first non-empty line; none for an empty file."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
        lines = (line for line in stream if line.strip())
        return next(csv.reader(lines, delimiter=delimiter), [])


def _read_rows(
    path: Path, name: str, wanted: Sequence[str], delimiter: str
) -> tuple[pa.Table, tuple[Malformed, ...]]:
    malformed: list[Malformed] = []

    def set_aside(line: Any) -> str:  # noqa: ANN401 - pyarrow.csv.InvalidRow has no type stub
        reason = f"{line.actual_columns} fields where the header has {line.expected_columns}"
        malformed.append(Malformed(name, line.number, line.text, reason))
        return "skip"

    table = arrow_csv.read_csv(
        path,
        # Only a single thread knows the numbers of malformed lines.
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=set_aside),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=list(wanted),
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=False,
        ),
    )
    return table, tuple(malformed)


def _row_numbers(count: int, malformed: Sequence[Malformed]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Number the good rows: the header is line 1, malformed lines keep theirs."""
    lines = np.arange(2, count + len(malformed) + 2, dtype=np.int64)
    return lines[~np.isin(lines, [line.row for line in malformed])]
