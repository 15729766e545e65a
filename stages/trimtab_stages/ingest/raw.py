"""Rows as they stand in the source, before any rule."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from trimtab_stages.ingest.frame import Whole


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that does not have the header's number of fields.

    Attributes:
        file: source file.
        row: 1-based line among the non-empty lines, the header being 1.
        text: the line.
        reason: what is wrong with it.
    """

    file: str
    row: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class RawRows:
    """All rows of all source files, in the order of file names.

    Attributes:
        table: the declared columns as read (text from CSV, typed from Parquet).
        files: names of the source files.
        file: index into `files` for every row.
        row: 1-based position of every row in its file.
        malformed: lines that could not become rows.
        ignored: columns of the source that no rule declares.
    """

    table: pa.Table
    files: tuple[str, ...]
    file: Whole
    row: Whole
    malformed: tuple[Malformed, ...] = ()
    ignored: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.row)

    def renamed(self, names: Sequence[str]) -> "RawRows":
        """Return the rows with other column names, in the columns' order."""
        return replace(self, table=self.table.rename_columns(list(names)))

    def take(self, index: Whole) -> "RawRows":
        """Return the rows at `index`; malformed lines stay."""
        return replace(
            self,
            table=self.table.take(pa.array(index)),
            file=self.file[index],
            row=self.row[index],
        )


def join_files(parts: list[RawRows]) -> RawRows:
    """Put the rows of several files one behind the other.

    Raises:
        pyarrow.ArrowInvalid: a column has types in two files that have no common type.
    """
    offsets = np.cumsum([0, *(len(part.files) for part in parts)])
    return RawRows(
        pa.concat_tables([part.table for part in parts], promote_options="permissive"),
        tuple(name for part in parts for name in part.files),
        np.concatenate([part.file + offset for part, offset in zip(parts, offsets, strict=False)]),
        np.concatenate([part.row for part in parts]),
        tuple(line for part in parts for line in part.malformed),
        tuple(sorted({name for part in parts for name in part.ignored})),
    )
