"""`trimtab audit` on a chain in a real S3 bucket."""

from pathlib import Path

import pytest

from support.cli_objects import run_cli
from support.contract_samples import audit_draft
from support.s3 import S3Server, write_storage_directory
from trimtab_stages.contract.audit import AuditRecord, seal
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.store import S3Store

pytestmark = pytest.mark.integration

LENGTH = 5


@pytest.fixture
def chain() -> list[AuditRecord]:
    records: list[AuditRecord] = []
    for number in range(LENGTH):
        records.append(seal(audit_draft(number), records[-1] if records else None))
    return records


def test_a_chain_in_s3_is_verified(
    s3_server: S3Server,
    chain: list[AuditRecord],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = s3_server.create_bucket()
    store = S3Store(settings)
    for record in chain:
        store.put_if_absent(audit_record(record.sequence), record.to_bytes())
    arguments = ["--bucket", str(write_storage_directory(settings, tmp_path / "storage"))]
    head = ["--head", chain[-1].hash]

    assert run_cli("audit", "verify", *arguments, *head) == 0
    assert f"{LENGTH} records, intact" in capsys.readouterr().out

    store.delete(audit_record(LENGTH - 1))
    assert run_cli("audit", "verify", *arguments) == 0
    assert run_cli("audit", "verify", *arguments, *head) == 4

    store.delete(audit_record(1))
    assert run_cli("audit", "verify", *arguments, *head) == 3
    assert "Gap at record 1" in capsys.readouterr().out


def test_a_wrong_key_is_said(
    s3_server: S3Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = write_storage_directory(s3_server.create_bucket(), tmp_path / "storage")
    (storage / "secretAccessKey").write_text("wrong")
    assert run_cli("audit", "verify", "--bucket", str(storage)) == 1
    assert "WrongCredentials" in capsys.readouterr().err
