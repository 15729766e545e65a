"""Each rule of each example Dataset decides what a snapshot holds or says: really ingested."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from support.examples import EXAMPLES
from support.ingesting import Ingested, ingest
from support.mutations import Body, fields, mutants
from support.mutations import Path as FieldPath
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.kinds import DATASET
from trimtab_operator.cli.strictness import dotted
from trimtab_stages.contract.reasons import StageError

CGM = Path(__file__).parents[2] / "support" / "data" / "CGM.csv.gz"
CGM_LINES = slice(36_000, 44_000)
"""A month with 500 cells that say `nil`."""
BEGIN = datetime(2012, 4, 1, tzinfo=UTC)
HOURS = 4000


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


def _body(name: str) -> Body:
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
    try:
        ingested = ingest(folder, {file: data}, dataset.spec.rules(), **source)
    except StageError as error:
        return str(error)
    return _content(ingested)


def _content(ingested: Ingested) -> dict[str, Any]:
    """Return the manifest and its reports without the digest that merely repeats the rules."""
    manifest = ingested.manifest
    assert manifest.croissant is not None
    names = {"digest", "features", "target", "splits", "counts", "rows_in", "interval_seconds"}
    return {
        "commit": ingested.commit.message,
        "manifest": manifest.model_dump(mode="json", include=names),
        "figures": ingested.figures(),
        "croissant": json.loads(ingested.store.get(manifest.croissant.key)),
    }
