"""Reads one Parquet file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import check_columns
from trimtab_stages.ingest.raw import RawRows


def read_parquet(path: Path, name: str, wanted: Sequence[str]) -> RawRows:
    """Read the columns `wanted` of a Parquet file.

    Raises:
        StageError: UnreadableFile or MissingColumn.
    """
    try:
        with pq.ParquetFile(path) as file:
            present = list(file.schema_arrow.names)
            check_columns(present, wanted, name)
            table = file.read(columns=list(wanted), use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"{name} cannot be read as Parquet: {str(error).rstrip('.')}; check"
            " `spec.source.format` and the file.",
        ) from error
    count = table.num_rows
    ignored = tuple(column for column in present if column not in wanted)
    return RawRows(
        table.select(list(wanted)),
        (name,),
        np.zeros(count, np.int64),
        np.arange(1, count + 1, dtype=np.int64),
        (),
        ignored,
    )
