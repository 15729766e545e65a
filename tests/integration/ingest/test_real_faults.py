"""Real files with real faults, counted by others before; downloaded, never committed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.datasets import bike_share, compas, traffic_volume
from support.examples import example_dataset
from support.ingesting import Ingested, ingest, make_rules
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason

pytestmark = pytest.mark.integration

TRAFFIC_COLUMNS: list[dict[str, Any]] = [
    {"name": "temp", "unit": "degC", "sourceUnit": "K", "range": {"min": "-60", "max": "60"}},
    {"name": "rain_1h", "unit": "mm", "range": {"min": "0", "max": "400"}},
    {"name": "clouds_all", "unit": "%", "range": {"min": "0", "max": "100"}},
    {"name": "traffic_volume", "role": "Source", "range": {"min": "0"}},
]


def traffic_rules(**changes: Any) -> IngestRules:
    return make_rules(
        **{
            "columns": TRAFFIC_COLUMNS,
            "time": {"column": "date_time", "grid": {"intervalSeconds": 3600}},
            "lags": [{"column": "traffic_volume", "steps": [1, 24]}],
            "cyclical": {"parts": ["HourOfDay", "DayOfWeek"]},
            "target": {
                "name": "busy",
                "column": "traffic_volume",
                "kind": "Above",
                "trainQuantile": "0.5",
            },
        }
        | changes
    )


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("traffic")
    return ingest(folder, {"traffic.csv": traffic_volume()}, traffic_rules())


def test_traffic_has_7629_double_stamps_ten_rows_at_0_k_and_a_flood(traffic: Ingested) -> None:
    quarantined = {count.rule: count.quarantined for count in traffic.manifest.counts}
    reasons = [row["_reason"] for row in traffic.quarantine() if row["_rule"] == "Range"]
    assert traffic.manifest.rows_in == 48_204
    assert sum("temp: -273.15" in reason for reason in reasons) == 10
    assert sum("rain_1h: 9831.3" in reason for reason in reasons) == 1
    assert quarantined["Range"] == 11
    assert 7_600 <= quarantined["Duplicates"] <= 7_629


def test_no_lag_reaches_across_the_traffic_files_holes(traffic: Ingested) -> None:
    rows = traffic.rows()
    times = np.asarray(rows["date_time"].cast("int64"))
    volume = dict(zip(times.tolist(), rows["traffic_volume_lag1"].to_pylist(), strict=True))
    day = dict(zip(times.tolist(), rows["traffic_volume_lag24"].to_pylist(), strict=True))
    hour = 3600 * 10**9
    known = [time for time in volume if time - 23 * hour in volume]
    assert len(known) > 10_000
    assert all(day[time] == volume[time - 23 * hour] for time in known)


def test_a_hole_of_307_days_can_stop_the_ingest(tmp_path: Path) -> None:
    grid = {"intervalSeconds": 3600, "maxGapSeconds": 7 * 86_400, "onGap": "Fail"}
    rules = traffic_rules(time={"column": "date_time", "grid": grid})
    with pytest.raises(StageError, match="follows 2014-08-08") as raised:
        ingest(tmp_path, {"traffic.csv": traffic_volume()}, rules)
    assert raised.value.reason is StageReason.VALIDATION_FAILED


def test_traffic_without_its_unit_is_suspected_to_be_in_kelvin(tmp_path: Path) -> None:
    columns = [{**TRAFFIC_COLUMNS[0], "sourceUnit": "degC"}, *TRAFFIC_COLUMNS[1:]]
    with pytest.raises(StageError, match="sourceUnit: K") as raised:
        ingest(tmp_path, {"traffic.csv": traffic_volume()}, traffic_rules(columns=columns))
    assert raised.value.reason is StageReason.WRONG_UNIT


def test_the_bikes_example_needs_no_correction(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"bikes.csv": bike_share()}, example_dataset("bikes").spec.rules())
    assert made.manifest.rows_quarantined == 0
    assert made.manifest.rows_kept == made.manifest.rows_in > 15_000
    assert made.commit.timestamps_trusted
    assert made.commit.newest_row < datetime(2012, 7, 20, tzinfo=UTC)


def test_whole_day_values_of_the_bikes_are_known_only_after_the_day(tmp_path: Path) -> None:
    rules = example_dataset("bikes").spec.rules().to_wire()
    late = {"availability": "After", "delaySeconds": 86_400}
    columns = [column | (late if column["name"] == "tmax" else {}) for column in rules["columns"]]
    with pytest.raises(StageError, match=r"tmax .*known only 24 steps") as raised:
        ingest(
            tmp_path,
            {"bikes.csv": bike_share()},
            make_rules(**(rules | {"columns": columns, "lags": []})),
        )
    assert raised.value.reason is StageReason.LEAKING_TARGET


COMPAS_COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "type": "Category", "role": "Id"},
    {"name": "age", "range": {"min": "18", "max": "110"}},
    {"name": "juv_fel_count"},
    {"name": "c_charge_degree", "type": "Category", "categories": ["F", "M"]},
    {"name": "race", "type": "Category", "role": "Protected"},
    {"name": "sex", "type": "Category", "role": "Protected"},
    {
        "name": "score_text",
        "type": "Category",
        "role": "Source",
        "categories": ["Low", "Medium", "High"],
    },
    {"name": "is_recid", "role": "Source", "range": {"min": "0"}},
    {"name": "days_b_screening_arrest", "role": "Source", "range": {"min": "-30", "max": "30"}},
    {"name": "two_year_recid", "type": "Boolean", "role": "Source", "availability": "After"},
]


def compas_rules(**time: str) -> IngestRules:
    return make_rules(
        columns=COMPAS_COLUMNS,
        time={"column": "compas_screening_date", "maxOutOfOrderFraction": "1"} | time,
        duplicates={"key": ["id"]},
        missing=[{"columns": ["days_b_screening_arrest"], "strategy": "DropRow"}],
        lags=[],
        target={"name": "recid", "column": "two_year_recid", "kind": "Value"},
    )


def test_the_label_fault_of_compas_is_found_and_dated(tmp_path: Path) -> None:
    with pytest.raises(StageError) as raised:
        ingest(tmp_path, {"compas.csv": compas()}, compas_rules())
    assert raised.value.reason is StageReason.VALIDATION_FAILED
    assert "turns at 2014-04-02T00:00:00Z: 63.40% before, 0.00% after" in raised.value.message


def test_compas_before_the_fault_is_the_published_selection(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"compas.csv": compas()}, compas_rules(end="2014-04-01T00:00:00Z"))
    manifest = made.manifest
    assert manifest.rows_in - manifest.rows_quarantined == 5_297
    assert manifest.protected == ["race", "sex"]
    assert [feature.name for feature in manifest.features] == [
        "age",
        "juv_fel_count",
        "c_charge_degree",
    ]
    assert "id" not in made.rows().column_names
    assert not made.commit.timestamps_trusted
