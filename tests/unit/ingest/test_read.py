import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from support.ingesting import write_raw
from trimtab_stages.contract.ingest import Source
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.raw import RawRows
from trimtab_stages.ingest.read import read_source
from trimtab_stages.store import LocalStore

CSV = "a,b,unused\n1,2,x\n3,4,y\n"
Content = Any


def read(folder: Path, content: dict[str, Content], **source: str) -> RawRows:
    for name, held in content.items():
        write_raw(folder / "store" / name, held)
    (folder / "store").mkdir(exist_ok=True)
    (folder / "work").mkdir(exist_ok=True)
    rule = Source.model_validate({"uri": "raw/"} | source)
    headers = {"a": "a", "b": "b"}
    return read_source(LocalStore(folder / "store"), rule, headers, folder / "work")


@pytest.mark.parametrize(
    ("content", "source"),
    [
        pytest.param(CSV, {}, id="plain"),
        pytest.param(CSV.replace("\n", "\r\n"), {}, id="windows-line-ends"),
        pytest.param("\ufeff" + CSV, {}, id="byte-order-mark"),
        pytest.param(CSV.replace(",", ";"), {"delimiter": ";"}, id="semicolons"),
        pytest.param(CSV.replace(",", "\t"), {"delimiter": "\t"}, id="tabs"),
        pytest.param('"a","b","unused"\n"1","2","x, y"\n3,4,\n', {}, id="quotes"),
        pytest.param("\n" + CSV.replace("3,", "\n\n3,"), {}, id="empty-lines"),
        pytest.param("b,unused,a\n2,x,1\n4,y,3\n", {}, id="another-column-order"),
    ],
)
def test_csv(content: str, source: dict[str, str], tmp_path: Path) -> None:
    raw = read(tmp_path, {"raw/f.csv": content}, **source)
    assert raw.table.to_pydict() == {"a": ["1", "3"], "b": ["2", "4"]}
    assert raw.row.tolist() == [2, 3]
    assert raw.ignored == ("unused",)


def test_gzip_is_known_by_its_ending(tmp_path: Path) -> None:
    raw = read(tmp_path, {"raw/f.csv.gz": gzip.compress(CSV.encode())}, uri="raw/f.csv.gz")
    assert raw.table["a"].to_pylist() == ["1", "3"]


def test_lines_of_another_width_are_set_aside(tmp_path: Path) -> None:
    raw = read(tmp_path, {"raw/f.csv": "a,b\n1,2\n3\n4,5\n6,7,8\n9,10\n"})
    assert raw.table["a"].to_pylist() == ["1", "4", "9"]
    assert raw.row.tolist() == [2, 4, 6]
    assert [(line.row, line.text) for line in raw.malformed] == [(3, "3"), (5, "6,7,8")]
    assert raw.malformed[1].reason == "3 fields where the header has 2"


def test_parquet(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "unused": [0, 0], "b": ["x", None]})
    raw = read(tmp_path, {"raw/f.parquet": table}, format="Parquet")
    assert raw.table.to_pydict() == {"a": [1, 2], "b": ["x", None]}
    assert raw.row.tolist() == [1, 2]
    assert raw.ignored == ("unused",)


def test_a_folder_is_read_in_name_order(tmp_path: Path) -> None:
    files: dict[str, Content] = {
        "raw/b.csv": "a,b\n3,4\n",
        "raw/a.csv": "b,a,c\n2,1,0\n9,9,9,9\n",
        "raw/sub/c.csv": "a,b\n5,6\n",
        "other/d.csv": "a,b\n7,8\n",
    }
    raw = read(tmp_path, files)
    assert raw.table["a"].to_pylist() == ["1", "3", "5"]
    assert [raw.files[number] for number in raw.file] == ["raw/a.csv", "raw/b.csv", "raw/sub/c.csv"]
    assert raw.malformed[0].file == "raw/a.csv"
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "source", "reason", "message"),
    [
        pytest.param(
            {}, {"uri": "raw/f.csv"}, StageReason.SOURCE_MISSING, "raw/f.csv", id="no-file"
        ),
        pytest.param({}, {}, StageReason.SOURCE_MISSING, "no files below raw/", id="empty-folder"),
        pytest.param(
            {}, {"uri": "../secrets.csv"}, StageReason.SOURCE_MISSING, "secrets", id="climbing"
        ),
        pytest.param(
            {}, {"uri": "../"}, StageReason.SOURCE_MISSING, "source.uri", id="climbing-folder"
        ),
        pytest.param(
            {"raw/f.csv": "x,b,c\n1,2,3\n"},
            {},
            StageReason.MISSING_COLUMN,
            "raw/f.csv has no column a; it has x, b, c",
            id="missing-column",
        ),
        pytest.param(
            {"raw/f.csv": "a,b,a\n1,2,3\n"},
            {},
            StageReason.UNREADABLE_FILE,
            "more than one column a",
            id="column-twice",
        ),
        pytest.param(
            {"raw/f.csv": b"a,b\n\xff\xfe,2\n"},
            {},
            StageReason.UNREADABLE_FILE,
            "raw/f.csv cannot be read as CSV",
            id="not-utf-8",
        ),
        pytest.param(
            {"raw/f.csv.gz": b"no gzip"},
            {},
            StageReason.UNREADABLE_FILE,
            "cannot be read as CSV",
            id="not-gzip",
        ),
        pytest.param(
            {"raw/f.parquet": b"PAR0 no parquet"},
            {"format": "Parquet"},
            StageReason.UNREADABLE_FILE,
            "cannot be read as Parquet",
            id="not-parquet",
        ),
        pytest.param(
            {"raw/f.parquet": pa.table({"b": [1]})},
            {"format": "Parquet"},
            StageReason.MISSING_COLUMN,
            "no column a; it has b",
            id="missing-parquet-column",
        ),
        pytest.param(
            {
                "raw/f.parquet": pa.table({"a": [1], "b": [1]}),
                "raw/g.parquet": pa.table({"a": ["x"], "b": [1]}),
            },
            {"format": "Parquet"},
            StageReason.UNREADABLE_FILE,
            "disagree about a column's type",
            id="two-schemas",
        ),
        pytest.param(
            {"raw/f.csv": "a,b\n1,2\n", "raw/g.csv": "a\n1\n"},
            {},
            StageReason.MISSING_COLUMN,
            "raw/g.csv has no column b",
            id="one-of-two-files",
        ),
    ],
)
def test_faults(
    content: dict[str, Content],
    source: dict[str, str],
    reason: StageReason,
    message: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(StageError) as raised:
        read(tmp_path, content, **source)
    assert raised.value.reason is reason
    assert message in raised.value.message


def test_an_empty_file_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "store" / "raw").mkdir(parents=True)
    (tmp_path / "store" / "raw" / "f.csv").touch()
    with pytest.raises(StageError, match="no files below raw/"):
        read(tmp_path, {})
    with pytest.raises(StageError, match="it has no columns at all"):
        read(tmp_path, {}, uri="raw/f.csv")


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert len(read(tmp_path, {"raw/f.csv": "a,b\n"})) == 0
