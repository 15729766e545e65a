"""Keys of the buckets are fixed: stored objects are found again by every later version."""

import pytest

from support.contract_samples import DATA
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import StageName

HEX = "a" * 64


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (layout.snapshot_file("d", DATA, "train.parquet"), f"snapshots/d/{HEX}/train.parquet"),
        (layout.ingest_commit("d", "i-1"), "ingests/d/i-1/commit.json"),
        (layout.blob(DATA), f"blobs/aa/{HEX}"),
        (layout.stage_result(StageName.TRAIN, DATA), f"stages/train/{HEX}/result.json"),
        (layout.fitted_lever(DATA), f"stages/preprocess/{HEX}/lever.json"),
        (layout.checkpoint_prefix(DATA), f"checkpoints/{HEX}/"),
        (layout.checkpoint(DATA, 7), f"checkpoints/{HEX}/000007.pt"),
        (layout.run_commit("r"), "runs/r/commit.json"),
        (layout.attempts_prefix("r"), "runs/r/attempts/"),
        (layout.attempt_prefix("r", "2"), "runs/r/attempts/2/"),
        (layout.attempt_started("r", "2"), "runs/r/attempts/2/started.json"),
        (layout.progress("r", "2", 3), "runs/r/attempts/2/progress/00000003.json"),
        (
            layout.metrics("r", "2", StageName.TRAIN, 4),
            "runs/r/attempts/2/metrics/train-000004.jsonl",
        ),
        (
            layout.pane("m", DATA, 300, "p-1"),
            "serving/m/panes/aaaaaaaaaaaaaaaa/000000000300/p-1.json",
        ),
        (
            layout.captured("m", DATA, 300, "p-1"),
            "serving/m/captured/aaaaaaaaaaaaaaaa/000000000300/p-1.json",
        ),
        (layout.decisions("m", "2026-11-22", "p-1"), "serving/m/decisions/2026-11-22/p-1.bin"),
        (layout.feedback("m", "2026-11-22", "p-1"), "serving/m/feedback/2026-11-22/p-1.json"),
        (layout.writer_state("m", "2026-11-22", "p-1"), "serving/m/writers/2026-11-22/p-1.json"),
        (layout.probe("x"), "probes/x"),
        (layout.audit_record(12), "chain/000000000012.json"),
    ],
)
def test_keys(key: str, expected: str) -> None:
    assert key == expected


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        (layout.captured("m", DATA, 300, "p-1"), layout.captured_prefix("m")),
        (layout.feedback("m", "2026-11-22", "p-1"), layout.feedback_prefix("m")),
    ],
)
def test_keys_lie_under_their_prefix(key: str, prefix: str) -> None:
    assert key.startswith(prefix)
    assert not key.startswith(prefix.replace("/m/", "/mm/"))


@pytest.mark.parametrize("bucket", [0, 300, -86_400, 1_790_000_000_000])
def test_the_bucket_of_captured_rows_is_in_their_key(bucket: int) -> None:
    assert layout.captured_bucket(layout.captured("m", DATA, bucket, "p-1")) == bucket


def test_keys_sort_as_their_numbers() -> None:
    numbers = [0, 9, 10, 99, 100, 999_999]
    for key in (layout.audit_record, lambda n: layout.checkpoint(DATA, n)):
        assert [key(n) for n in numbers] == sorted(key(n) for n in numbers)
