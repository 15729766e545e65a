"""The CGM example on its real data: real faults, counted by others before.

Faults of the file, measured with other tools: 52,281 rows; 3 duplicate stamps; 1,061 "nil" in
isig; steps of 1 and 4 minutes where the sensor was calibrated; 125 holes over 30 minutes.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from support.examples import example_dataset
from support.ingesting import Ingested, ingest
from trimtab_stages.contract.reasons import StageError, StageReason

DATA = Path(__file__).parents[2] / "support" / "data" / "CGM.csv.gz"
RULES = example_dataset("cgm").spec.rules()
FIVE_MINUTES = 300 * 10**9


@pytest.fixture(scope="module")
def cgm(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    folder = tmp_path_factory.mktemp("cgm")
    tokens = list(example_dataset("cgm").spec.source.na_tokens)
    return ingest(folder, {"cgm.csv.gz": DATA.read_bytes()}, RULES, naTokens=tokens)


def test_the_file_is_the_published_one() -> None:
    digest = hashlib.sha256(DATA.read_bytes()).hexdigest()
    assert digest == "91fdad8325541a4487d88cb59b2fc9f6ed821c7c01eaabed0606bbb7089be8de"


def test_its_faults_are_found(cgm: Ingested) -> None:
    quarantined = {count.rule: count.quarantined for count in cgm.manifest.counts}
    assert cgm.manifest.rows_in == 52_281
    assert quarantined["Duplicates"] == 3
    assert quarantined["Cast"] == quarantined["Malformed"] == 0
    assert 190 <= quarantined["OffGrid"] <= 200
    assert 1_000 <= quarantined["Missing"] <= 1_061
    assert cgm.commit.timestamps_trusted


def test_the_snapshot_is_what_the_rules_say(cgm: Ingested) -> None:
    rows = cgm.rows()
    times = np.asarray(rows["datetime"].cast(pa.int64()))
    glucose = np.asarray(rows["glucose"])
    assert rows.num_rows > 45_000
    assert (np.diff(times) % FIVE_MINUTES == 0).all()
    assert (glucose >= 70).all()
    assert all(rows[name].null_count == 0 for name in rows.column_names)
    assert 0.02 < float(np.mean(np.asarray(rows["hypoglycaemia"]))) < 0.03


def test_every_label_comes_true_in_the_file(cgm: Ingested) -> None:
    """Follow each row's horizon in the features of later rows."""
    test = cgm.split("test")
    times = np.asarray(test["datetime"].cast(pa.int64())).tolist()
    position = {time: row for row, time in enumerate(times)}
    now, before = np.asarray(test["glucose"]), np.asarray(test["glucose_lag6"])
    label = np.asarray(test["hypoglycaemia"])
    checked = 0
    for row, time in enumerate(times):
        later = position.get(time + 6 * FIVE_MINUTES)
        if later is None:
            continue
        assert before[later] == now[row]
        steps = ["glucose", *(f"glucose_lag{k}" for k in (1, 2, 3))]
        if min(float(test[name][later].as_py()) for name in steps) < 70:
            assert label[row] == 1
            checked += 1
    assert checked >= 40


def test_reported_in_mmol_it_is_refused(tmp_path: Path) -> None:
    columns = [column.to_wire() for column in RULES.columns]
    columns[0] |= {"unit": "mmol/L", "range": {"min": "1", "max": "35"}}
    rules = RULES.model_validate(RULES.to_wire() | {"columns": columns})
    with pytest.raises(StageError, match="sourceUnit: mg/dL") as raised:
        ingest(tmp_path, {"cgm.csv.gz": DATA.read_bytes()}, rules)
    assert raised.value.reason is StageReason.WRONG_UNIT


def test_without_its_na_token_too_many_cells_fail(tmp_path: Path) -> None:
    made = ingest(tmp_path, {"cgm.csv.gz": DATA.read_bytes()}, RULES, naTokens=[""])
    quarantined = {count.rule: count.quarantined for count in made.manifest.counts}
    assert quarantined["Cast"] == 1_061


def test_a_stop_in_june_is_a_shorter_snapshot(cgm: Ingested, tmp_path: Path) -> None:
    end = {"end": "2010-06-01T00:00:00Z"}
    rules = RULES.model_validate(RULES.to_wire() | {"time": RULES.time.to_wire() | end})
    made = ingest(
        tmp_path, {"cgm.csv.gz": DATA.read_bytes()}, rules, now=datetime(2010, 6, 2, tzinfo=UTC)
    )
    assert made.commit.newest_row < datetime(2010, 6, 1, tzinfo=UTC)
    assert made.manifest.rows_kept < cgm.manifest.rows_kept
