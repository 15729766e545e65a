"""Reads one CSV file: every declared column as text, malformed lines set aside."""

import codecs
import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

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
        check_encoding(path)
        header = read_header(path, delimiter)
        check_columns(header, wanted, name)
        table, malformed = _read_rows(path, name, wanted, delimiter)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"{name} cannot be read as CSV: {str(error).rstrip('.')}; check `spec.source.format`,"
            " `spec.source.delimiter` and the file's encoding (UTF-8).",
        ) from error
    rows = _row_numbers(table.num_rows, malformed)
    ignored = tuple(column for column in header if column not in wanted)
    return RawRows(table, (name,), np.zeros(len(rows), np.int64), rows, malformed, ignored)


def read_header(path: Path, delimiter: str) -> list[str]:
    """Return the column names of the first non-empty line; none for an empty file."""
    with _opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        return next(csv.reader((line for line in text if line.strip()), delimiter=delimiter), [])


def check_encoding(path: Path) -> None:
    """Read the whole file once as UTF-8; pyarrow would lose lines of another encoding silently.

    Raises:
        UnicodeDecodeError: some bytes are no UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opened(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if path.suffix == ".gz" else path.open("rb"))


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
