"""The same loop on a real S3 server: wrong credentials, and an audit chain that is cut short."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import LEASES, ApiServer
from support.cli_objects import run_cli
from support.operator_process import OperatorProcess, operator_settings
from support.s3 import S3Server, write_storage_directory
from support.scenario import NAME, apply_all, serves
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until
from trimtab_stages.contract.audit import AuditRecord, verify
from trimtab_stages.store import S3Store

pytestmark = pytest.mark.integration
SECONDS = 60.0


@pytest.fixture
def s3_tenant(api_server: ApiServer, s3_server: S3Server, tmp_path: Path) -> Tenant:
    name = f"s-{abs(hash(tmp_path)) % 10**8}"
    store = S3Store(s3_server.create_bucket(f"trimtab-{name}"))
    return Tenant(api_server, api_server.create_namespace(name), store)


def test_wrong_credentials_are_said_and_corrected_ones_are_read(
    s3_tenant: Tenant,
    s3_server: S3Server,
    tmp_path: Path,
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "accessKeyId").write_text(s3_server.access_key_id)
    (credentials / "secretAccessKey").write_text("wrong")
    audit = s3_server.create_bucket()
    storage = {
        "endpoint": s3_server.endpoint,
        "auditBucket": audit.bucket,
        "credentialsDir": str(credentials),
    }
    operator = start_operator(operator_settings(storage, namespaces=[s3_tenant.name]))
    apply_all(s3_tenant)
    wait_until(lambda: reason(s3_tenant) == "WrongCredentials", SECONDS, what="it is said")
    (credentials / "secretAccessKey").write_text(s3_server.secret_access_key)
    with run_admin_port(s3_tenant, NAME):
        wait_until(lambda: serves(s3_tenant, 1), SECONDS, what="it serves")
    store = S3Store(audit)
    chain = [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]
    assert verify(chain) is None
    assert len(chain) == 4
    assert operator.health() == "ok"


def test_a_dropped_last_record_is_found_with_the_head_of_the_lease(
    s3_tenant: Tenant,
    s3_server: S3Server,
    tmp_path: Path,
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
    capsys: pytest.CaptureFixture[str],
) -> None:
    audit = s3_server.create_bucket()
    folder = str(write_storage_directory(audit, tmp_path / "audit"))
    storage = {
        "endpoint": s3_server.endpoint,
        "auditBucket": audit.bucket,
        "credentialsDir": folder,
    }
    start_operator(operator_settings(storage, namespaces=[s3_tenant.name]))
    apply_all(s3_tenant)
    with run_admin_port(s3_tenant, NAME):
        wait_until(lambda: serves(s3_tenant, 1), SECONDS, what="it serves")
    store = S3Store(audit)
    keys = [entry.key for entry in store.list("chain/")]
    newest = AuditRecord.from_bytes(store.get(keys[-1])).hash
    head = wait_until(lambda: published(s3_tenant.server, newest), SECONDS, what="the head")
    verify_command = ("audit", "verify", "--bucket", folder)

    assert run_cli(*verify_command, "--head", head) == 0
    assert f"{len(keys)} records, intact" in capsys.readouterr().out
    store.delete(keys[-1])
    assert run_cli(*verify_command) == 0, "the bucket alone does not show it"
    assert run_cli(*verify_command, "--head", head) == 4
    assert f"Truncated at record {len(keys) - 1}" in capsys.readouterr().out


def published(server: ApiServer, newest: str) -> str | None:
    """Return the head that the Lease shows, once it is that of the newest record."""
    lease = server.get(f"{LEASES}/trimtab-operator") or {"metadata": {}}
    head: str | None = lease["metadata"].get("annotations", {}).get("trimtab.dev/audit-head")
    return head if head == newest else None


def reason(tenant: Tenant) -> object:
    return tenant.condition("Dataset", NAME, "StorageReachable").get("reason")
