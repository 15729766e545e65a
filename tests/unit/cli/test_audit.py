"""`trimtab audit`: exit codes by fault, on a real directory."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli_objects import run_cli
from support.contract_samples import audit_draft
from trimtab_stages.contract.audit import AuditRecord, seal
from trimtab_stages.contract.layout import audit_record

LENGTH = 4


def chain() -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for number in range(LENGTH):
        records.append(seal(audit_draft(number), records[-1] if records else None))
    return records


RECORDS = chain()
HEAD = RECORDS[-1].hash


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    (tmp_path / "chain").mkdir()
    for record in RECORDS:
        (tmp_path / audit_record(record.sequence)).write_bytes(record.to_bytes())
    return tmp_path


def edit(bucket: Path) -> None:
    path = bucket / audit_record(1)
    path.write_bytes(path.read_bytes().replace(b"number 1", b"number 7"))


def drop(bucket: Path) -> None:
    (bucket / audit_record(1)).unlink()


def swap(bucket: Path) -> None:
    first, second = bucket / audit_record(1), bucket / audit_record(2)
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def cut(bucket: Path) -> None:
    (bucket / audit_record(LENGTH - 1)).unlink()


def fork(bucket: Path) -> None:
    other = seal(audit_draft(9), RECORDS[0])
    (bucket / audit_record(1)).write_bytes(other.to_bytes())


def add_junk(bucket: Path) -> None:
    (bucket / "chain" / "000000000004.json").write_bytes(b"{}")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (edit, 2, "Edited at record 1"),
        (drop, 3, "Gap at record 1"),
        (swap, 3, "Gap at record 1"),
        (cut, 4, f"Truncated at record {LENGTH - 1}"),
        (fork, 6, "Fork at record 2"),
        (add_junk, 2, f"Edited at record {LENGTH}"),
    ],
)
def test_every_fault_has_its_exit_code(
    bucket: Path,
    spoil: Callable[[Path], None],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(bucket)
    assert run_cli("audit", "verify", "--bucket", str(bucket), "--head", HEAD) == code
    assert words in capsys.readouterr().out


def test_an_intact_chain_tells_its_head(bucket: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("audit", "verify", "--bucket", str(bucket)) == 0
    assert f"{LENGTH} records, intact. Head: {HEAD}" in capsys.readouterr().out


def test_json_verdict_names_the_last_intact_record(
    bucket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(bucket)
    assert run_cli("audit", "verify", "--bucket", str(bucket), "-o", "json") == 2
    told = json.loads(capsys.readouterr().out)
    assert told["intact"] is False
    assert told["head"] == RECORDS[0].hash
    assert told["fault"]["kind"] == "Edited"


def test_a_storage_directory_is_followed(
    bucket: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = tmp_path_factory.mktemp("storage")
    (storage / "path").write_text(str(bucket))
    assert run_cli("audit", "verify", "--bucket", str(storage)) == 0
    assert "intact" in capsys.readouterr().out


def test_newer_records_cannot_be_judged(bucket: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = bucket / audit_record(2)
    path.write_bytes(path.read_bytes().replace(b'"schemaVersion":1', b'"schemaVersion":9'))
    assert run_cli("audit", "verify", "--bucket", str(bucket)) == 1
    assert "upgrade this component" in capsys.readouterr().err


def test_a_missing_bucket_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("audit", "verify", "--bucket", str(tmp_path / "absent")) == 1
    assert "BucketMissing" in capsys.readouterr().err


def test_list_shows_the_newest_records(bucket: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("audit", "list", "--bucket", str(bucket), "--last", "2", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [record["sequence"] for record in told] == [LENGTH - 2, LENGTH - 1]
    assert run_cli("audit", "list", "--bucket", str(bucket)) == 0
    out = capsys.readouterr().out
    assert "Promoted" in out
    assert "bikes/Model/bikes" in out


def test_list_says_when_a_record_is_broken(
    bucket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bucket / audit_record(3)).write_bytes(b"nonsense")
    assert run_cli("audit", "list", "--bucket", str(bucket)) == 1
    assert "trimtab audit verify" in capsys.readouterr().err
