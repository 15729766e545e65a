"""Each rule of each example Dataset decides what a snapshot holds or says: really ingested."""

import copy
import gzip
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from support.decided import decided
from support.examples import EXAMPLES
from support.ingesting import Ingested, ingest
from support.mutations import Body, fields, mutants
from support.mutations import Path as FieldPath
from support.worlds import CREATED
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import DATASET
from trimtab_operator.cli.strictness import dotted
from trimtab_operator.domain.capture_plan import due_capture
from trimtab_stages.contract import layout
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.contract.reasons import StageError
from trimtab_stages.ingest.features import History, derive
from trimtab_stages.store import LocalStore

CGM = Path(__file__).parents[2] / "support" / "data" / "CGM.csv.gz"
CGM_LINES = slice(36_000, 44_000)
"""A month with 500 cells that say `nil`."""
BEGIN = datetime(2012, 4, 1, tzinfo=UTC)
HOURS = 4000
DECIDED = datetime(2014, 1, 20, tzinfo=UTC)
"""End of the window of a decision to retrain: half of its sliding window is behind the file."""
SERVED_HOURS = 900
HOUR = 3600


@cache
def _sources() -> dict[str, tuple[str, bytes]]:
    """Return the raw file of each example: rides are made up, glucose is real but for one cell."""
    header, *lines = gzip.decompress(CGM.read_bytes()).splitlines(keepends=True)
    glucose = lines[CGM_LINES]
    glucose[100] = b"," + glucose[100].split(b",", 1)[1]
    return {
        "cgm": ("cgm.csv.gz", gzip.compress(b"".join([header, *glucose]), mtime=0)),
        "bikes": ("bikes.csv", _bikes()),
        "minimal": ("rides.csv", _rides()),
    }


def _bikes() -> bytes:
    lines = ["ts,count,tmin,tmax,pn"]
    for hour in range(HOURS):
        stamp = BEGIN + timedelta(hours=hour)
        count = 4000 if hour == HOURS // 4 else stamp.hour * 9 + hour % 13
        lines.append(f"{stamp:%Y-%m-%d %H:%M:%S},{count},{hour % 17},{hour % 19 + 9},{hour % 5}")
    return "\n".join(lines).encode()


def _rides() -> bytes:
    lines = ["ts,riders,temperature"]
    for hour in range(HOURS):
        stamp = BEGIN + timedelta(hours=hour)
        lines.append(f"{stamp:%Y-%m-%d %H:%M:%S},{stamp.hour * 9 + hour % 13},{hour % 17}")
    return "\n".join(lines).encode()


def _written_dataset(name: str) -> Dataset:
    dataset = DATASET.parse(_body(name))
    assert isinstance(dataset, Dataset)
    return dataset


def _body(name: str) -> Body:
    return copy.deepcopy(_read(name))


@cache
def _read(name: str) -> Body:
    body: Body = yaml.safe_load((EXAMPLES / name / "dataset.yaml").read_text())
    return body


CASES = [
    pytest.param(name, path, id=f"{name}-{dotted(path)}")
    for name in ("bikes", "cgm", "minimal")
    for path in fields(_body(name))
    if path[0] == "spec"
]


GUARDED = {
    "bikes-spec.columns[0].availability": {"lags": [{"column": "count", "steps": [0]}]},
    "minimal-spec.columns[0].availability": {"lags": [{"column": "riders", "steps": [0]}]},
}
"""Fields that guard other fields, with what they guard: an `After` column may not be read early."""


@cache
def _written(name: str, folder: Path) -> object:
    return _outcome(name, _body(name), folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@pytest.mark.parametrize("name", ["bikes", "cgm", "minimal"])
def test_the_same_rules_have_the_same_outcome(name: str, folder: Path, tmp_path: Path) -> None:
    written = _written(name, folder)
    assert not isinstance(written, str), written
    assert _outcome(name, _body(name), tmp_path) == written


@pytest.mark.parametrize(("name", "path"), CASES)
def test_a_rule_acts(name: str, path: FieldPath, folder: Path, tmp_path: Path) -> None:
    guarded = GUARDED.get(f"{name}-{dotted(path)}", {})
    body = _body(name)
    body["spec"] |= guarded
    before = _outcome(name, body, tmp_path / "before") if guarded else _written(name, folder)
    tried = enumerate(mutants(body, path))
    outcomes = (_outcome(name, mutant, tmp_path / str(number)) for number, mutant in tried)
    assert any(outcome != before for outcome in outcomes)


def _outcome(name: str, body: Body, folder: Path) -> object:
    """Return what a Dataset leads to: the snapshot with its reports, or why there is none."""
    try:
        dataset = DATASET.parse(body)
    except (ValidationError, ValueError) as error:
        return str(error)
    assert isinstance(dataset, Dataset)
    file, data = _sources()[name]
    source = dataset.spec.source.to_wire()
    plan = due_capture(dataset, [_decided(dataset)])
    if dataset.spec.source.capture is not None:
        (folder / "store").mkdir(parents=True)
        for key, answered in _served().items():
            LocalStore(folder / "store").put_if_absent(key, answered)
    try:
        ingested = ingest(folder, {file: data}, dataset.spec.rules(), plan=plan, **source)
    except StageError as error:
        return str(error)
    return _content(ingested)


def _decided(dataset: Dataset) -> DriftMonitor:
    """Return a DriftMonitor of the Model that is named, with a decision for its newest window."""
    capture = dataset.spec.source.capture
    days = (DECIDED - CREATED).days
    return decided(days - 1, model=capture.model if capture else "bikes")


@cache
def _served() -> dict[str, bytes]:
    """Return what the Model of the bike-share example answered, one labelled row an hour."""
    rules = _written_dataset("bikes").spec.rules()
    hours = np.arange(SERVED_HOURS)
    time_ns = int(DECIDED.timestamp() - HOUR * SERVED_HOURS) * 10**9 + hours * HOUR * 10**9
    hour = hours.astype(np.float64)
    known = {"tmin": hour % 17, "tmax": hour % 19 + 9, "pn": hour % 5}
    known |= derive(rules, History(time_ns, known))
    names = [*known]
    ids = [f"served-{hour}" for hour in hours.tolist()]
    matrix = np.stack([known[name] for name in names], axis=1).astype("<f4")
    captured = CapturedRows(
        model="bikes",
        version=f"sha256:{'a' * 64}",
        ids=[f"{one}#0" for one in ids],
        event_time_ns=time_ns.tolist(),
        received_ns=time_ns.tolist(),
        numeric_columns=names,
        numeric=b64encode(matrix.tobytes()).decode(),
        scores="",
    )
    bucket = int(time_ns[-1] // 10**9)
    told = [
        Label(id=one, label=str(hour * 13 % 24 // 12))
        for one, hour in zip(ids, hours.tolist(), strict=True)
    ]
    batch = FeedbackBatch(model="bikes", received_ns=0, labels=told)
    return {
        layout.captured("bikes", captured.version, bucket, "pod"): captured.to_bytes(),
        layout.feedback("bikes", "2014-01-20", "pod"): batch.to_bytes(),
    }


def _content(ingested: Ingested) -> dict[str, Any]:
    """Return the manifest and its reports without the digest that merely repeats the rules."""
    manifest = ingested.manifest
    assert manifest.croissant is not None
    names = {"digest", "features", "target", "splits", "counts", "rows_in", "interval_seconds"}
    names |= {"captured_rows", "captured_through"}
    return {
        "commit": ingested.commit.message,
        "manifest": manifest.model_dump(mode="json", include=names),
        "figures": ingested.figures(),
        "croissant": json.loads(ingested.store.get(manifest.croissant.key)),
    }
