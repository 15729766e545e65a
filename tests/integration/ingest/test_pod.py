"""The ingest pod's own command, as a process: exit codes and last words."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.examples import example_dataset
from support.ingest_pod import run_pod, start_pod
from support.ingesting import csv_text, iso, make_rules
from support.ports import free_port
from support.s3 import S3Server
from support.waiting import wait_until
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import IngestCommit, IngestSpec
from trimtab_stages.store import S3Settings, S3Store

pytestmark = pytest.mark.integration

DONE, FINAL, RETRYABLE = 0, 3, 4
ROWS = csv_text("ts,x", [f"{iso(n)},{(-1) ** n}" for n in range(60)])


def make_spec(**changes: Any) -> bytes:
    spec = IngestSpec.model_validate(
        {
            "id": "i-1",
            "dataset": "data",
            "source": {"uri": "raw/d.csv"},
            "rules": make_rules(**changes).to_wire(),
            "codeVersion": "test",
        }
    )
    return spec.to_bytes()


@pytest.fixture
def settings(s3_server: S3Server) -> S3Settings:
    settings = s3_server.create_bucket()
    S3Store(settings).put_if_absent("raw/d.csv", ROWS.encode())
    return settings


def test_a_good_source_is_committed_and_every_rule_logged(
    settings: S3Settings, tmp_path: Path
) -> None:
    ended = run_pod(settings, tmp_path, make_spec())
    assert (ended.code, ended.words) == (DONE, None)
    stored = S3Store(settings).get(layout.ingest_commit("data", "i-1"))
    assert IngestCommit.model_validate_json(stored).rows == 59
    rules = [line["rule"]["rule"] for line in ended.log if line["message"] == "rule"]
    assert rules[0] == "Malformed"
    assert rules[-1] == "Split"


def test_a_second_attempt_adopts_the_first_ones_commit(
    settings: S3Settings, tmp_path: Path
) -> None:
    assert run_pod(settings, tmp_path / "one", make_spec()).code == DONE
    before = S3Store(settings).get(layout.ingest_commit("data", "i-1"))
    assert run_pod(settings, tmp_path / "two", make_spec()).code == DONE
    assert S3Store(settings).get(layout.ingest_commit("data", "i-1")) == before


def test_an_ingest_that_is_killed_is_done_by_the_next_attempt(
    settings: S3Settings, tmp_path: Path
) -> None:
    store, data = S3Store(settings), Path(__file__).parents[2] / "support" / "data"
    store.put_file_if_absent("raw/cgm.csv.gz", data / "CGM.csv.gz")
    dataset = example_dataset("cgm").spec
    spec = IngestSpec(
        id="i-1", dataset="cgm", source=dataset.source, rules=dataset.rules(), code_version="test"
    ).to_bytes()
    with start_pod(settings, tmp_path / "killed", spec) as process:
        wait_until(
            lambda: any(store.list("snapshots/cgm/")) or process.poll() is not None,
            timeout=120,
            interval=0.005,
            what="the first split is written",
        )
        process.kill()
    assert run_pod(settings, tmp_path / "next", spec).code == DONE
    commit = IngestCommit.model_validate_json(store.get(layout.ingest_commit("cgm", "i-1")))
    assert len(list(store.list("snapshots/cgm/"))) == 3
    assert commit.rows == 46_649


@pytest.mark.parametrize(
    ("changes", "spec", "code", "reason", "message"),
    [
        pytest.param(
            {},
            lambda: make_spec(columns=[{"name": "x", "role": "Source"}, {"name": "pressure"}]),
            FINAL,
            "MissingColumn",
            "no column pressure; it has ts, x",
            id="missing-column",
        ),
        pytest.param(
            {}, lambda: make_spec(lags=[]), FINAL, "InvalidInvocation", "role Feature", id="rules"
        ),
        pytest.param(
            {}, lambda: b"{}", FINAL, "InvalidInvocation", "another format", id="not-a-spec"
        ),
        pytest.param(
            {"bucket": "no-such-bucket"},
            make_spec,
            FINAL,
            "BucketMissing",
            "no-such-bucket",
            id="no-bucket",
        ),
        pytest.param(
            {"secret_access_key": "guess"},
            make_spec,
            FINAL,
            "WrongCredentials",
            "secretAccessKey",
            id="wrong-secret",
        ),
        pytest.param(
            {"endpoint": f"http://127.0.0.1:{free_port()}"},
            make_spec,
            RETRYABLE,
            "StoreUnreachable",
            "cannot be reached",
            id="store-down",
        ),
    ],
)
def test_failures_have_their_code_reason_and_message(
    changes: dict[str, Any],
    spec: Callable[[], bytes],
    code: int,
    reason: str,
    message: str,
    settings: S3Settings,
    tmp_path: Path,
) -> None:
    ended = run_pod(replace(settings, **changes), tmp_path, spec())
    assert ended.words is not None
    assert (ended.code, ended.words.reason) == (code, reason)
    assert message in ended.words.message
    assert ended.words.retryable == (code == RETRYABLE)


def test_a_store_that_overwrites_is_refused_before_anything_is_written(
    overwriting_s3: S3Server, tmp_path: Path
) -> None:
    settings = overwriting_s3.create_bucket()
    store = S3Store(settings)
    store.put_if_absent("raw/d.csv", ROWS.encode())
    ended = run_pod(settings, tmp_path, make_spec())
    assert ended.words is not None
    assert (ended.code, ended.words.reason) == (FINAL, "ConditionalWriteUnsupported")
    assert store.location in ended.words.message
    assert [entry.key for entry in store.list()] == ["raw/d.csv"]
