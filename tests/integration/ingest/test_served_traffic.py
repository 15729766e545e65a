"""Rows that a real model server captured, and labels that its endpoint took, become a snapshot."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq
import pytest

from support import graphs
from support.capturing import RULES, Served, file_text, make_plan, time_of, traffic
from support.ingesting import NOW
from support.s3 import S3Server, write_storage_directory
from support.serving import ServerProcess, ServingFolder, running_server
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.ingest import IngestRules, Source
from trimtab_stages.contract.run import IngestCommit, IngestSpec
from trimtab_stages.contract.serving_plan import PlanVersion
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.ingest.run import Place, run
from trimtab_stages.store import S3Store, Store, open_store

pytestmark = pytest.mark.integration

HOURS = 120
FIRST = 200
CLASSES = ["0", "1"]
TRAFFIC = traffic(FIRST, FIRST + HOURS)
UNLABELLED = 5
FEATURES = [Feature(name="z"), Feature(name="c", kind=FeatureKind.CATEGORICAL)]
SPEC = IngestSpec(
    id="i-1",
    dataset="data",
    source=Source(uri="raw/d.csv"),
    rules=IngestRules.model_validate(
        {name: value for name, value in RULES.to_wire().items() if name != "cyclical"}
    ),
    capture=make_plan(FIRST + HOURS),
    code_version="test",
)


def ask(server: ServerProcess, rows: Sequence[Served]) -> None:
    """Send rows, one request each, then their labels, the last few of which never come."""
    for row in rows:
        z = {"name": "features", "shape": [1, 1], "datatype": "FP32", "data": [row.z]}
        c = {"name": "categories", "shape": [1, 1], "datatype": "BYTES", "data": [row.c]}
        parameters = {"event_time": row.time_ns}
        reply = server.infer(
            {"id": row.id, "inputs": [z, c], "parameters": parameters}, "/v2/models/bikes/infer"
        )
        assert reply.status == 200, reply.body
    labels = [{"id": row.id, "label": row.label} for row in rows if row.label is not None]
    told = json.dumps({"labels": labels}).encode()
    assert server.send("POST", "/v2/models/bikes/feedback", told).status == 202


def serve(folder: ServingFolder, store: Store, storage: Path, rows: Sequence[Served]) -> None:
    """Answer rows by a champion with a shadow beside it, in two pods one after the other."""
    versions = [
        _version(folder, graphs.with_categories(0.5), store),
        _version(folder, graphs.with_categories(0.1), store, weight=0, shadow=True),
    ]
    plan = folder.write_plan(versions, model="bikes", pane_seconds=3600)
    half = len(rows) // 2
    for part in (rows[:half], rows[half:]):
        with running_server(folder, storage=storage) as server:
            server.wait_following(plan)
            ask(server, part)


def _version(folder: ServingFolder, graph: bytes, store: Store, **settings: object) -> PlanVersion:
    version = folder.add(graph, threshold=0.5, classes=CLASSES, features=FEATURES, **settings)
    store.put_if_absent(version.key, graph)
    return version


def snapshot(store: Store, work: Path) -> tuple[IngestCommit, SnapshotManifest]:
    commit = run(SPEC, Place(store, store, work, NOW, perf_counter))
    return commit, SnapshotManifest.model_validate_json(store.get(commit.manifest.key))


def served_rows() -> list[Served]:
    return [
        replace(row, label=None if number >= HOURS - UNLABELLED else row.label)
        for number, row in enumerate(TRAFFIC)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> ServingFolder:
    return ServingFolder(tmp_path / "serving")


def test_what_was_answered_and_labelled_is_trained_on(
    folder: ServingFolder, s3_server: S3Server, tmp_path: Path
) -> None:
    rows = served_rows()
    local = folder.store
    local.put_if_absent("raw/d.csv", file_text().encode())
    serve(folder, local, folder.root / "storage", rows)

    commit, manifest = snapshot(local, tmp_path / "work")

    assert commit.captured_rows == HOURS - UNLABELLED
    assert commit.captured_through == time_of(FIRST + HOURS)
    assert {count.rule: count.filtered for count in manifest.counts if count.filtered} == {
        "CapturedUnlabelled": UNLABELLED
    }, "shadow copies are no rows"
    test = pq.read_table(folder.root / "data" / manifest.split("test").file.key).to_pylist()
    known = {time_of(row.hour): row for row in rows}
    assert len(test) > 40
    for row in test:
        asked = known[row["ts"]]
        assert (row["c"], row["busy"]) == (asked.c, int(str(asked.label)))
        assert row["z"] == pytest.approx(asked.z, rel=1e-6)

    bucket = write_storage_directory(s3_server.create_bucket(), tmp_path / "storage")
    remote = open_store(bucket)
    assert isinstance(remote, S3Store)
    remote.put_if_absent("raw/d.csv", file_text().encode())
    serve(ServingFolder(tmp_path / "other"), remote, bucket, rows)
    assert snapshot(remote, tmp_path / "far")[0].snapshot == commit.snapshot, (
        "other pods, other objects, another store: the same rows"
    )
