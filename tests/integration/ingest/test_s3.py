"""Ingests with source and snapshot in a real S3 server."""

import threading
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq
import pytest

from support.examples import example_dataset
from support.ingesting import NOW, ingest
from support.ports import free_port
from support.s3 import S3Server
from trimtab_stages.contract import layout
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.run import IngestCommit, IngestSpec
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.ingest.run import Place, run
from trimtab_stages.store import ArtifactConflict, BucketMissing, S3Store, StoreUnreachable

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[2] / "support" / "data" / "CGM.csv.gz"
SPEC = example_dataset("cgm").spec


def spec(identity: str = "i-1") -> IngestSpec:
    return IngestSpec(
        id=identity, dataset="cgm", source=SPEC.source, rules=SPEC.rules(), code_version="test"
    )


def place(store: S3Store, work: Path) -> Place:
    return Place(store, store, work, NOW, perf_counter)


@pytest.fixture
def source(bucket_store: S3Store) -> S3Store:
    bucket_store.put_file_if_absent("raw/cgm.csv.gz", DATA)
    return bucket_store


def test_s3_and_a_directory_give_one_digest(source: S3Store, tmp_path: Path) -> None:
    commit = run(spec(), place(source, tmp_path / "work"))
    tokens = list(SPEC.source.na_tokens)
    local = ingest(
        tmp_path / "local", {"cgm.csv.gz": DATA.read_bytes()}, SPEC.rules(), naTokens=tokens
    )
    assert commit.snapshot == local.commit.snapshot
    stored = source.get(layout.ingest_commit("cgm", "i-1"))
    assert IngestCommit.model_validate_json(stored) == commit


def test_every_reference_leads_to_its_bytes(source: S3Store, tmp_path: Path) -> None:
    commit = run(spec(), place(source, tmp_path / "work"))
    manifest = SnapshotManifest.model_validate_json(source.get(commit.manifest.key))
    documents = [manifest.quarantine, manifest.report, manifest.report_data, manifest.croissant]
    for file in [commit.manifest, *(split.file for split in manifest.splits), *documents]:
        assert file is not None
        copy = tmp_path / "copy"
        assert source.get_file(file.key, copy) == file.digest
        assert copy.stat().st_size == file.size


def test_another_ingest_of_the_same_data_is_the_same_snapshot(
    source: S3Store, tmp_path: Path
) -> None:
    first = run(spec("i-1"), place(source, tmp_path / "one"))
    second = run(spec("i-2"), place(source, tmp_path / "two"))
    assert second.snapshot == first.snapshot
    assert len(list(source.list("snapshots/cgm/"))) == 3
    assert {entry.key for entry in source.list("ingests/cgm/")} == {
        "ingests/cgm/i-1/commit.json",
        "ingests/cgm/i-2/commit.json",
    }


def test_two_attempts_at_once_agree(source: S3Store, tmp_path: Path) -> None:
    together = threading.Barrier(2)
    commits: list[IngestCommit] = []

    def attempt(number: int) -> None:
        together.wait()
        commits.append(run(spec(), place(source, tmp_path / str(number))))

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert commits[0] == commits[1]


def test_a_split_in_another_file_layout_is_adopted(source: S3Store, tmp_path: Path) -> None:
    first = run(spec("i-1"), place(source, tmp_path / "one"))
    key = layout.snapshot_file("cgm", first.snapshot, "train.parquet")
    file = tmp_path / "train.parquet"
    source.get_file(key, file)
    pq.write_table(pq.read_table(file), file, compression="none", row_group_size=999)
    source.delete(key)
    relaid = source.put_file_if_absent(key, file).digest
    second = run(spec("i-2"), place(source, tmp_path / "two"))
    manifest = SnapshotManifest.model_validate_json(source.get(second.manifest.key))
    assert second.snapshot == first.snapshot
    assert manifest.split("train").file.digest == relaid


def test_other_content_under_a_snapshots_name_is_a_conflict(
    source: S3Store, tmp_path: Path
) -> None:
    first = run(spec("i-1"), place(source, tmp_path / "one"))
    key = layout.snapshot_file("cgm", first.snapshot, "train.parquet")
    file = tmp_path / "train.parquet"
    source.get_file(key, file)
    pq.write_table(pq.read_table(file).slice(1), file)
    source.delete(key)
    source.put_file_if_absent(key, file)
    with pytest.raises(ArtifactConflict, match=r"train\.parquet"):
        run(spec("i-2"), place(source, tmp_path / "two"))


def test_no_source(bucket_store: S3Store, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"raw/cgm.csv.gz is not in s3://") as raised:
        run(spec(), place(bucket_store, tmp_path))
    assert raised.value.reason is StageReason.SOURCE_MISSING


def test_the_stores_faults_keep_their_names(s3_server: S3Server, tmp_path: Path) -> None:
    settings = s3_server.create_bucket()
    with pytest.raises(BucketMissing):
        run(spec(), place(S3Store(replace(settings, bucket="no-such-bucket")), tmp_path))
    silent = replace(settings, endpoint=f"http://127.0.0.1:{free_port()}", max_attempts=1)
    with pytest.raises(StoreUnreachable):
        run(spec(), place(S3Store(silent), tmp_path))
