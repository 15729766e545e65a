import numpy as np
import pyarrow as pa

from trimtab_stages.ingest.frame import Rejected
from trimtab_stages.ingest.quarantine import quarantine_table
from trimtab_stages.ingest.raw import Malformed, RawRows

RAW = RawRows(
    pa.table({"ts": pa.array([1, 2, 3]), "x": ["a", None, "c"]}),
    ("f.csv", "g.csv"),
    np.array([0, 0, 1]),
    np.array([2, 4, 2]),
    (Malformed("f.csv", 3, "a,b,c", "3 fields where the header has 2"),),
)


def test_rows_stand_as_in_the_source_by_file_and_line() -> None:
    rejected = [
        Rejected("Range", np.array([2]), ("too big",)),
        Rejected("Cast", np.array([1]), ("no number",)),
    ]
    rows = quarantine_table(RAW, rejected).to_pylist()
    assert [(row["_file"], row["_row"], row["_rule"]) for row in rows] == [
        ("f.csv", 3, "Malformed"),
        ("f.csv", 4, "Cast"),
        ("g.csv", 2, "Range"),
    ]
    assert rows[0]["_line"] == "a,b,c"
    assert rows[0]["x"] is None
    assert (rows[1]["ts"], rows[1]["x"], rows[1]["_reason"]) == ("2", None, "no number")
    assert rows[2]["x"] == "c"


def test_nothing_rejected_is_an_empty_table_with_the_same_columns() -> None:
    empty = quarantine_table(RAW.take(np.array([0])), [])
    assert empty.num_rows == 1
    assert empty.column_names == ["_file", "_row", "_rule", "_reason", "_line", "ts", "x"]
