"""The S3 store against a real S3 server."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from support.cutting_relay import cut_off
from support.ports import free_port
from support.s3 import S3Server, write_storage_directory
from support.store_contract import CONTRACT, Case
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.store import (
    AccessDenied,
    AlreadyThere,
    ArtifactConflict,
    BucketMissing,
    NotFound,
    S3Store,
    StoreError,
    StoreUnreachable,
    Written,
    WrongCredentials,
    open_store,
    probe,
)

pytestmark = pytest.mark.integration

PART_BYTES = 5 << 20
WRITERS = 8


@pytest.mark.parametrize("case", CONTRACT, ids=lambda case: case.__name__)
def test_contract(case: Case, bucket_store: S3Store, tmp_path: Path) -> None:
    case(bucket_store, tmp_path)


def test_large_files_go_up_in_parts_and_once(s3_server: S3Server, tmp_path: Path) -> None:
    settings = replace(s3_server.create_bucket(), part_bytes=PART_BYTES)
    store = S3Store(settings)
    file, data = tmp_path / "weights", b"0123456789abcdef" * (2 * PART_BYTES // 16) + b"tail"
    file.write_bytes(data)
    assert store.put_file_if_absent("weights", file) == Written(digest_of_bytes(data))
    assert store.put_file_if_absent("weights", file) == AlreadyThere(digest_of_bytes(data))
    file.write_bytes(b"x" + data[1:])
    with pytest.raises(ArtifactConflict):
        store.put_file_if_absent("weights", file)
    assert store.get_file("weights", tmp_path / "copy") == digest_of_bytes(data)
    assert "-3" in next(iter(store.list())).version, "the ETag of an object made of three parts"
    assert unfinished_uploads(s3_server, settings.bucket) == 0


def test_one_of_many_concurrent_writers_wins(bucket_store: S3Store) -> None:
    together = threading.Barrier(WRITERS)
    outcomes: list[object] = []

    def write(number: int) -> None:
        together.wait()
        try:
            outcomes.append(bucket_store.put_if_absent("commit.json", b"%d" % number))
        except ArtifactConflict as conflict:
            outcomes.append(conflict)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Written) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ArtifactConflict) for outcome in outcomes) == WRITERS - 1


def test_lists_more_than_one_page(bucket_store: S3Store) -> None:
    keys = [f"panes/{number:05}" for number in range(1005)]
    for key in keys:
        bucket_store.put_if_absent(key, b"")
    assert [entry.key for entry in bucket_store.list("panes/")] == keys


def test_two_prefixes_of_one_bucket_do_not_see_each_other(s3_server: S3Server) -> None:
    settings = s3_server.create_bucket()
    first = S3Store(replace(settings, prefix="team"))
    second = S3Store(replace(settings, prefix="team-b"))
    first.put_if_absent("k", b"mine")
    assert [entry.key for entry in first.list()] == ["k"]
    assert list(second.list()) == []
    with pytest.raises(NotFound):
        second.get("k")


def test_opens_from_a_mounted_directory(s3_server: S3Server, tmp_path: Path) -> None:
    settings = replace(s3_server.create_bucket(), prefix="p")
    store = open_store(write_storage_directory(settings, tmp_path / "storage"))
    probe(store, "t")
    store.put_if_absent("k", b"1")
    assert S3Store(settings).get("k") == b"1"


def test_missing_bucket(s3_server: S3Server) -> None:
    store = S3Store(replace(s3_server.create_bucket(), bucket="no-such-bucket"))
    calls: list[Callable[[], object]] = [
        lambda: store.get("k"),
        lambda: store.put_if_absent("k", b""),
        lambda: store.exists("k"),
        lambda: list(store.list()),
    ]
    for call in calls:
        with pytest.raises(BucketMissing, match="no-such-bucket"):
            call()


def test_unknown_access_key(s3_server: S3Server) -> None:
    store = S3Store(replace(s3_server.create_bucket(), access_key_id="nobody"))
    with pytest.raises(WrongCredentials, match=s3_server.endpoint):
        store.put_if_absent("k", b"")
    with pytest.raises(WrongCredentials):
        store.exists("k")


def test_wrong_secret(s3_server: S3Server) -> None:
    store = S3Store(replace(s3_server.create_bucket(), secret_access_key="guess"))  # noqa: S106 - a wrong one
    with pytest.raises(WrongCredentials, match="secretAccessKey"):
        store.get("k")


def test_another_tenants_account(s3_server: S3Server) -> None:
    settings = s3_server.create_bucket()
    S3Store(settings).put_if_absent("k", b"1")
    name, secret = s3_server.create_account("tenant-b")
    store = S3Store(replace(settings, access_key_id=name, secret_access_key=secret))
    calls: list[Callable[[], object]] = [
        lambda: store.get("k"),
        lambda: store.put_if_absent("k", b"1"),
        lambda: store.exists("k"),
        lambda: store.delete("k"),
        lambda: list(store.list()),
    ]
    for call in calls:
        with pytest.raises(AccessDenied, match=f"s3://{settings.bucket}.* is not allowed"):
            call()
    assert S3Store(settings).get("k") == b"1"


def test_nobody_listens(s3_server: S3Server) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    store = S3Store(replace(s3_server.create_bucket(), endpoint=endpoint, max_attempts=1))
    with pytest.raises(StoreUnreachable, match=endpoint) as raised:
        store.get("k")
    assert raised.value.retryable


def test_a_download_that_breaks_off_is_retryable_and_leaves_no_file(
    s3_server: S3Server, tmp_path: Path
) -> None:
    settings = s3_server.create_bucket()
    S3Store(settings).put_if_absent("k", b"x" * 100_000)
    with cut_off(s3_server.endpoint, most=20_000) as endpoint:
        store = S3Store(replace(settings, endpoint=endpoint))
        for read in (lambda: store.get("k"), lambda: store.get_file("k", tmp_path / "copy")):
            with pytest.raises(StoreUnreachable) as raised:
                read()
            assert raised.value.retryable
        assert store.exists("k"), "what is shorter comes through"
    assert list(tmp_path.iterdir()) == []


def test_errors_inside_a_stream_are_the_readers_own(bucket_store: S3Store) -> None:
    bucket_store.put_if_absent("k", b"1")
    with pytest.raises(ValueError, match="mine"), bucket_store.open_stream("k"):
        raise ValueError("mine")


def test_every_error_is_a_store_error(s3_server: S3Server) -> None:
    store = S3Store(replace(s3_server.create_bucket(), bucket="Not A Bucket Name"))
    with pytest.raises(StoreError):
        store.get("k")


def unfinished_uploads(server: S3Server, bucket: str) -> int:
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    )
    return len(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))
