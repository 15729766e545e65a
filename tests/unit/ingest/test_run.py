"""Whole ingests in a directory: what comes in, what comes out, and that nothing gets lost."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.ingesting import Ingested, csv_text, ingest, iso, make_rules
from trimtab_stages.contract.reasons import StageError, StageReason

ROWS = 200
RULES = make_rules(
    columns=[
        {"name": "x", "role": "Source", "unit": "degC", "range": {"min": "-100", "max": "100"}},
        {"name": "z", "range": {"max": "1000"}},
        {"name": "c", "type": "Category", "categories": ["u", "v"]},
        {"name": "sex", "type": "Category", "role": "Protected"},
    ],
    time={"column": "ts", "grid": {"intervalSeconds": 60, "maxGapSeconds": 60}},
    lags=[{"column": "x", "steps": [1, 2]}],
    target={"name": "warm", "column": "x", "kind": "Above", "threshold": "0", "horizonSteps": 3},
)


def lines(rows: int = ROWS) -> list[str]:
    generator = np.random.default_rng(3)
    x, z = generator.normal(size=rows) * 10, generator.random(rows)
    return [
        f"{iso(60 * row)},{x[row]:.3f},{z[row]:.4f},{'uv'[row % 2]},{'fm'[row % 3 == 0]}"
        for row in range(rows)
    ]


HEADER = "ts,x,z,c,sex"


def test_a_clean_source_gives_three_splits_in_time_order(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, lines())}, RULES)
    rows = made.rows()
    assert rows.column_names == ["ts", "z", "x_lag1", "x_lag2", "c", "sex", "warm"]
    assert rows["ts"].type == pa.timestamp("ns", "UTC")
    times = np.asarray(rows["ts"].cast(pa.int64()))
    assert (np.diff(times) > 0).all()
    assert made.manifest.rows_kept == rows.num_rows == ROWS - 2 - 3 - 2 * 3
    assert made.commit.rows_quarantined == 0
    assert made.commit.timestamps_trusted
    assert made.commit.newest_row == datetime(2020, 1, 1, 3, 19, tzinfo=UTC)


def test_features_and_target_are_the_sources_values(tmp_path: Path) -> None:
    source = [line.split(",") for line in lines()]
    x = {line[0]: float(line[1]) for line in source}
    stamps = [line[0] for line in source]
    for row in ingest(tmp_path, {"d.csv": csv_text(HEADER, lines())}, RULES).rows().to_pylist():
        here = stamps.index(row["ts"].strftime("%Y-%m-%d %H:%M:%S"))
        assert row["x_lag1"] == x[stamps[here - 1]]
        assert row["x_lag2"] == x[stamps[here - 2]]
        assert row["warm"] == int(x[stamps[here + 3]] > 0)


FAULTS: dict[str, tuple[int, str, str]] = {
    "bad time": (20, "soon,1,0.5,u,f", "Timestamp"),
    "text for a number": (30, f"{iso(30 * 60)},warm,0.5,u,f", "Cast"),
    "out of range": (40, f"{iso(40 * 60)},1,9999,u,f", "Range"),
    "unknown category": (50, f"{iso(50 * 60)},1,0.5,w,f", "Category"),
    "missing input": (60, f"{iso(60 * 60)},1,NA,u,f", "Missing"),
    "off the grid": (70, f"{iso(70 * 60 + 7)},1,0.5,u,f", "OffGrid"),
    "too few fields": (80, f"{iso(80 * 60)},1", "Malformed"),
    "from the future": (90, "2030-01-01 00:00:00,1,0.5,u,f", "FutureTimestamp"),
}


def with_faults() -> list[str]:
    rows = lines()
    for position, text, _ in FAULTS.values():
        rows[position] = text
    return [*rows, rows[100]]


def test_every_faulty_row_is_in_quarantine_with_rule_and_reason(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, with_faults())}, RULES)
    found = {row["_row"]: row for row in made.quarantine()}
    expected = {position + 2: rule for position, _, rule in FAULTS.values()}
    assert {line: row["_rule"] for line, row in found.items()} == expected | {202: "Duplicates"}
    assert found[42]["_reason"] == "z: 9999 is outside ..1000"
    assert found[42]["z"] == "9999"
    assert found[32]["x"] == "warm"
    assert found[82]["_line"] == FAULTS["too few fields"][1]
    assert {row["_file"] for row in found.values()} == {"raw/d.csv"}


def test_rows_in_are_kept_quarantined_or_set_aside(tmp_path: Path) -> None:
    manifest = ingest(tmp_path, {"d.csv": csv_text(HEADER, with_faults())}, RULES).manifest
    assert manifest.rows_in == ROWS + 1
    parts = manifest.rows_kept, manifest.rows_quarantined, manifest.rows_filtered
    assert sum(parts) == manifest.rows_in
    assert manifest.rows_quarantined == len(FAULTS) + 1
    assert sum(count.quarantined for count in manifest.counts) == manifest.rows_quarantined
    assert sum(count.filtered for count in manifest.counts) == manifest.rows_filtered


def test_doubtful_stamps_are_told(tmp_path: Path) -> None:
    commit = ingest(tmp_path, {"d.csv": csv_text(HEADER, with_faults())}, RULES).commit
    assert not commit.timestamps_trusted
    assert "1 rows are from the future" in commit.message


def parquet_table() -> pa.Table:
    cells = [line.split(",") for line in lines()]
    stamps = [datetime.fromisoformat(cell[0]).replace(tzinfo=UTC) for cell in cells]
    return pa.table(
        {
            "sex": pa.array([cell[4] for cell in cells]).dictionary_encode(),
            "ts": pa.array(stamps, pa.timestamp("us", "UTC")),
            "x": [float(cell[1]) for cell in cells],
            "z": [float(cell[2]) for cell in cells],
            "c": [cell[3] for cell in cells],
        }
    )


SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "again": ({"d.csv": csv_text(HEADER, lines())}, {}),
    "lines shuffled within the order's tolerance": (
        {"d.csv": csv_text(HEADER, [*lines()[:7], *reversed(lines()[7:11]), *lines()[11:]])},
        {},
    ),
    "newest first": ({"d.csv": csv_text(HEADER, lines()[::-1])}, {}),
    "two files": (
        {"a.csv": csv_text(HEADER, lines()[:90]), "b.csv": csv_text(HEADER, lines()[90:])},
        {},
    ),
    "Parquet": ({"d.parquet": parquet_table()}, {"format": "Parquet"}),
    "another column order": (
        {
            "d.csv": csv_text(
                "more,sex,c,z,x,ts", ["7," + ",".join(line.split(",")[::-1]) for line in lines()]
            )
        },
        {},
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_same_data_same_digest(case: str, tmp_path: Path) -> None:
    files, source = SAME[case]
    base = ingest(tmp_path / "base", {"d.csv": csv_text(HEADER, lines())}, RULES)
    other = ingest(tmp_path / "other", files, RULES, **source)
    assert other.commit.snapshot == base.commit.snapshot


def test_the_digest_is_the_same_on_every_machine(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, lines())}, RULES)
    assert made.commit.snapshot == (
        "sha256:056715fcbf1ee209f8f7dd32cda48f9fc4d98ed32794d022a3208673ae12a50e"
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"lags": [{"column": "x", "steps": [1, 3]}]}, id="another-lag"),
        pytest.param({"split": {"test": "0.2"}}, id="another-split"),
        pytest.param({"time": {"column": "ts"}}, id="no-grid-same-rows-is-the-same"),
    ],
)
def test_other_rules_other_digest_where_content_differs(
    change: dict[str, Any], tmp_path: Path
) -> None:
    text = {"d.csv": csv_text(HEADER, lines())}
    base = ingest(tmp_path / "base", text, RULES)
    rules = make_rules(**(RULES.to_wire() | change))
    other = ingest(tmp_path / "other", text, rules)
    assert (other.commit.snapshot == base.commit.snapshot) == ("time" in change)
    assert other.manifest.rules_digest != base.manifest.rules_digest


def test_one_changed_cell_changes_the_digest(tmp_path: Path) -> None:
    changed = lines()
    changed[100] = changed[100].replace(",", ",1", 1)
    base = ingest(tmp_path / "base", {"d.csv": csv_text(HEADER, lines())}, RULES)
    other = ingest(tmp_path / "other", {"d.csv": csv_text(HEADER, changed)}, RULES)
    assert other.commit.snapshot != base.commit.snapshot


def test_an_ingest_that_is_committed_is_not_done_again(tmp_path: Path) -> None:
    first = ingest(tmp_path, {"d.csv": csv_text(HEADER, lines())}, RULES)
    again = ingest(tmp_path, {"d.csv": "the source is gone"}, RULES)
    assert again.commit == first.commit


def test_documents_are_complete(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, with_faults())}, RULES)
    manifest = made.manifest
    assert manifest.report is not None
    page = made.store.get(manifest.report.key).decode()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "http" not in page
    for name in ("x_lag1", "Malformed", "warm", "z: 9999 is outside ..1000", manifest.digest):
        assert name in page
    figures = made.figures()
    assert figures["rows"]["in"] == ROWS + 1
    assert figures["seconds"] > 0
    assert all(rule["seconds"] > 0 for rule in figures["rules"])
    assert len(figures["labelRate"]) == len(figures["timeBins"])
    assert manifest.croissant is not None
    described = json.loads(made.store.get(manifest.croissant.key))
    assert described["@type"] == "sc:Dataset"
    assert [file["sha256"] for file in described["distribution"]] == [
        split.file.digest.removeprefix("sha256:") for split in manifest.splits
    ]
    fields = described["recordSet"][0]["field"]
    assert [field["name"] for field in fields] == made.rows().column_names


def test_hostile_texts_stay_texts_in_the_report(tmp_path: Path) -> None:
    rows = lines()
    rows[30] = f"{iso(1800)},<script>alert(1)</script>,0.5,u,f"
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, rows)}, RULES)
    assert made.manifest.report is not None
    page = made.store.get(made.manifest.report.key).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def fails(folder: Path, files: dict[str, Any], rules: Any, **more: Any) -> StageError:
    with pytest.raises(StageError) as raised:
        ingest(folder, files, rules, **more)
    assert not list((folder / "store").glob("ingests/**/*.json"))
    return raised.value


def test_too_many_faulty_rows_name_the_rules(tmp_path: Path) -> None:
    rows = [line.replace(",u,", ",w,") for line in lines()]
    error = fails(tmp_path, {"d.csv": csv_text(HEADER, rows)}, RULES)
    assert error.reason is StageReason.VALIDATION_FAILED
    assert "100 of 200 rows (50.0%) are faulty" in error.message
    assert "Category 100 (for example c: 'w' is no declared category)" in error.message


def test_rejected_rows_are_kept_even_if_the_ingest_fails(tmp_path: Path) -> None:
    rows = [line.replace(",u,", ",w,") for line in lines()]
    error = fails(tmp_path, {"d.csv": csv_text(HEADER, rows)}, RULES)
    where = re.search(r"The 100 rejected rows are in file://(\S+) \(Parquet\)", error.message)
    assert where is not None
    rejected = pq.read_table(where[1])
    assert rejected.num_rows == 100
    assert set(rejected["c"].to_pylist()) == {"w"}


def test_labels_that_turn_faulty_are_dated(tmp_path: Path) -> None:
    rows = [
        ",".join([cells[0], "99" if row >= 150 else cells[1], *cells[2:]])
        for row, cells in enumerate(line.split(",") for line in lines())
    ]
    error = fails(tmp_path, {"d.csv": csv_text(HEADER, rows)}, RULES)
    assert error.reason is StageReason.VALIDATION_FAILED
    assert "turns at 2020-01-01T02:27:00Z: 51.08% before, 0.00% after" in error.message


def test_wrong_unit(tmp_path: Path) -> None:
    kelvin = [
        ",".join([cells[0], f"{float(cells[1]) + 293.15:.3f}", *cells[2:]])
        for cells in (line.split(",") for line in lines())
    ]
    error = fails(tmp_path, {"d.csv": csv_text(HEADER, kelvin)}, RULES)
    assert error.reason is StageReason.WRONG_UNIT
    assert "sourceUnit: K" in error.message


def test_a_column_that_is_the_target_in_disguise(tmp_path: Path) -> None:
    rows = lines(900)
    x = [float(line.split(",")[1]) for line in rows]
    told = [
        line.replace(line.split(",")[2], f"{(row + 3 < len(x) and x[row + 3] > 0) * 5 + 0.1}", 1)
        for row, line in enumerate(rows)
    ]
    error = fails(tmp_path, {"d.csv": csv_text(HEADER, told)}, RULES)
    assert error.reason is StageReason.LEAKING_TARGET
    assert "feature z alone predicts target warm" in error.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(csv_text(HEADER, []), StageReason.NO_ROWS_LEFT, id="header-alone"),
        pytest.param(csv_text(HEADER, lines(4)), StageReason.NO_ROWS_LEFT, id="four-rows"),
        pytest.param(
            csv_text(HEADER, ["x,x,x,x,x"] * 9), StageReason.NO_ROWS_LEFT, id="every-row-faulty"
        ),
        pytest.param(csv_text("ts,x,z,c", ["1,1,1,1"]), StageReason.MISSING_COLUMN, id="no-column"),
        pytest.param(
            csv_text(HEADER, lines()[::2] + lines()[1::2]),
            StageReason.TIMESTAMPS_UNTRUSTED,
            id="out-of-order",
        ),
    ],
)
def test_failures(text: str, reason: StageReason, tmp_path: Path) -> None:
    assert fails(tmp_path, {"d.csv": text}, RULES).reason is reason


def test_the_time_range_is_half_open(tmp_path: Path) -> None:
    window = {"start": "2020-01-01T00:10:00Z", "end": "2020-01-01T03:00:00Z"}
    rules = make_rules(**(RULES.to_wire() | {"time": RULES.time.to_wire() | window}))
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, lines())}, rules)
    assert made.manifest.rows_in == 170
    assert made.commit.newest_row == datetime(2020, 1, 1, 2, 59, tzinfo=UTC)


def test_rows_without_a_time_are_told_even_within_a_time_range(tmp_path: Path) -> None:
    window = {"start": "2020-01-01T00:10:00Z"}
    rules = make_rules(**(RULES.to_wire() | {"time": RULES.time.to_wire() | window}))
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, ["?,1,0.5,u,f", *lines()])}, rules)
    assert [row["_rule"] for row in made.quarantine()] == ["Timestamp"]
    assert made.manifest.rows_in == ROWS - 10 + 1


def test_a_value_that_was_filled_in_is_no_label(tmp_path: Path) -> None:
    rows = lines()
    cells = rows[100].split(",")
    rows[100] = ",".join([cells[0], "NA", *cells[2:]])
    filled = {"missing": [{"columns": ["x"], "strategy": "ForwardFill"}]}
    rules = make_rules(**(RULES.to_wire() | filled))
    made = ingest(tmp_path, {"d.csv": csv_text(HEADER, rows)}, rules)
    stamps = {row["ts"].strftime("%Y-%m-%d %H:%M:%S") for row in made.rows().to_pylist()}
    assert iso(60 * 97) not in stamps, "its target would be the value that was filled in"
    assert {iso(60 * 96), iso(60 * 98), iso(60 * 101)} <= stamps


def test_headers_may_differ_from_names(tmp_path: Path) -> None:
    columns = [column.to_wire() for column in RULES.columns]
    columns[0] |= {"sourceName": "Temp. (outside)"}
    rules = make_rules(**(RULES.to_wire() | {"columns": columns}))
    text = csv_text("ts,Temp. (outside),z,c,sex", lines())
    base = ingest(tmp_path / "base", {"d.csv": csv_text(HEADER, lines())}, RULES)
    renamed = ingest(tmp_path / "renamed", {"d.csv": text}, rules)
    assert renamed.commit.snapshot == base.commit.snapshot
    error = fails(tmp_path / "other", {"d.csv": csv_text(HEADER, lines())}, rules)
    assert "no column Temp. (outside); it has ts, x, z" in error.message


def test_series_do_not_see_each_other(tmp_path: Path) -> None:
    columns = [
        {"name": "x", "role": "Source"},
        {"name": "site", "type": "Category", "role": "Id"},
    ]
    rules = make_rules(columns=columns, duplicates={"key": ["site", "ts"]})
    offset = {"a": 0, "b": 1000}
    rows = [
        f"{iso(row)},{(-1) ** row * (offset[site] + row + 1)},{site}"
        for row in range(60)
        for site in ("b", "a")
    ]
    made: Ingested = ingest(tmp_path, {"d.csv": csv_text("ts,x,site", rows)}, rules)
    lagged = np.abs(np.asarray(made.rows()["x_lag1"]))
    assert made.manifest.rows_filtered == 2
    assert sorted(lagged.tolist()) == [*range(1, 60), *range(1001, 1060)]
