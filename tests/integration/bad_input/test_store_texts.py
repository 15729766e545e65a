"""The texts of `tests/golden/bad_input.yaml` about the store, from real servers."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.bad_input import STORE_CASES, check_text, ended_job, of_dataset
from support.ingesting import make_rules
from support.ports import free_port
from support.s3 import S3Server, write_storage_directory
from trimtab_stages.contract.reasons import StageError
from trimtab_stages.contract.run import IngestSpec
from trimtab_stages.ingest.run import Place, run
from trimtab_stages.runtime.entry import open_write_once_store
from trimtab_stages.store import S3Settings, StoreError

pytestmark = pytest.mark.integration

GOLDEN_ENDPOINT, GOLDEN_BUCKET = "http://s3.example:7070", "trimtab-demo"
SPEC = IngestSpec.model_validate(
    {
        "id": "i-1",
        "dataset": "bikes",
        "source": {"uri": "raw/bikes.csv"},
        "rules": make_rules().to_wire(),
        "codeVersion": "test",
    }
)


def ended(settings: S3Settings, folder: Path) -> Exception:
    """Return how an ingest pod with these storage settings ends."""
    storage = write_storage_directory(settings, folder / "storage")
    try:
        store = open_write_once_store(storage)
        run(SPEC, Place(store, store, folder, datetime.now(UTC), time.perf_counter))
    except (StoreError, StageError) as error:
        return error
    pytest.fail("the ingest has not failed")


def no_bucket(settings: S3Settings) -> S3Settings:
    return replace(settings, bucket="trimtab-nowhere")


def unknown_account(settings: S3Settings) -> S3Settings:
    return replace(settings, access_key_id="nobody")


def nobody_listens(settings: S3Settings) -> S3Settings:
    return replace(settings, endpoint=f"http://127.0.0.1:{free_port()}")


CASES: dict[str, tuple[Callable[[S3Settings], S3Settings], str]] = {
    "missing-bucket": (no_bucket, "False BucketMissing"),
    "wrong-access-key": (unknown_account, "False WrongCredentials"),
    "wrong-endpoint": (nobody_listens, "False StoreUnreachable"),
    "wrong-object-key": (replace, "True Stored"),
    "no-conditional-writes": (replace, "False ConditionalWriteUnsupported"),
}


@pytest.mark.parametrize("case", STORE_CASES)
def test_text(case: str, s3_server: S3Server, overwriting_s3: S3Server, tmp_path: Path) -> None:
    server = overwriting_s3 if case == "no-conditional-writes" else s3_server
    change, reachable = CASES[case]
    settings = change(server.create_bucket())
    seen = ended_job(ended(settings, tmp_path))
    here = {str(settings.endpoint): GOLDEN_ENDPOINT, settings.bucket: GOLDEN_BUCKET}
    check_text(case, of_dataset(seen), here)
    condition = of_dataset(seen, "StorageReachable").condition
    assert condition == f"Dataset StorageReachable={reachable}"
