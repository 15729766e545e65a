"""The rejected rows as they stood in the source, each with rule and reason."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trimtab_stages.ingest.frame import Rejected
from trimtab_stages.ingest.raw import Malformed, RawRows
from trimtab_stages.ingest.rule_names import Rule

FILE, ROW, RULE, REASON, LINE = "_file", "_row", "_rule", "_reason", "_line"


def quarantine_table(raw: RawRows, rejected: Sequence[Rejected]) -> pa.Table:
    """Return one row for every rejected row and malformed line, by file and row.

    Columns: `_file`, `_row` (1-based), `_rule`, `_reason`, `_line` (malformed lines only), and the
    declared columns of the source as text.
    """
    columns = raw.table.column_names
    source = np.concatenate([np.zeros(0, np.int64), *(refused.source for refused in rejected)])
    rows = raw.table.take(pa.array(source))
    faulty = pa.table(
        {
            FILE: pa.array([raw.files[number] for number in raw.file[source]], pa.string()),
            ROW: pa.array(raw.row[source], pa.int64()),
            RULE: pa.array([held.rule for held in rejected for _ in held.reasons], pa.string()),
            REASON: pa.array([text for held in rejected for text in held.reasons], pa.string()),
            LINE: pa.nulls(len(source), pa.string()),
        }
        | {name: rows[name].cast(pa.string()) for name in columns}
    )
    everything = pa.concat_tables([faulty, _malformed_table(raw.malformed, columns)])
    order = pc.sort_indices(everything, sort_keys=[(FILE, "ascending"), (ROW, "ascending")])
    return everything.take(order)


def _malformed_table(lines: Sequence[Malformed], columns: Sequence[str]) -> pa.Table:
    return pa.table(
        {
            FILE: pa.array([line.file for line in lines], pa.string()),
            ROW: pa.array([line.row for line in lines], pa.int64()),
            RULE: pa.array([str(Rule.MALFORMED)] * len(lines), pa.string()),
            REASON: pa.array([line.reason for line in lines], pa.string()),
            LINE: pa.array([line.text for line in lines], pa.string()),
        }
        | {name: pa.nulls(len(lines), pa.string()) for name in columns}
    )
