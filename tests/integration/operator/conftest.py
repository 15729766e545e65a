import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import LEASES, ApiServer
from support.operator_process import OperatorProcess, operator_settings, run_operator
from support.tenant import Tenant, local_tenant


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    """A directory of buckets, with the audit bucket in it."""
    (tmp_path / "buckets" / "trimtab-audit").mkdir(parents=True)
    return tmp_path / "buckets"


@pytest.fixture
def tenant(api_server: ApiServer, buckets: Path) -> Tenant:
    """A fresh namespace."""
    return local_tenant(api_server, buckets, f"t-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def settings(api_server: ApiServer, buckets: Path, tenant: Tenant) -> dict[str, Any]:
    """Settings of an operator that watches the fresh namespace alone."""
    # The Lease of another test's operator names the head of another audit bucket.
    for lease in api_server.items(LEASES):
        api_server.request("DELETE", f"{LEASES}/{lease['metadata']['name']}")
    return operator_settings({"path": str(buckets)}, namespaces=[tenant.name])


@pytest.fixture
def start_operator(
    api_server: ApiServer, tmp_path: Path
) -> Iterator[Callable[[dict[str, Any]], OperatorProcess]]:
    """Start operators; they are stopped at the end."""
    with ExitStack() as stack:
        started: list[OperatorProcess] = []

        def start(settings: dict[str, Any]) -> OperatorProcess:
            folder = tmp_path / f"operator-{len(started)}"
            started.append(stack.enter_context(run_operator(api_server, folder, settings)))
            return started[-1]

        yield start


@pytest.fixture
def operator(
    start_operator: Callable[[dict[str, Any]], OperatorProcess], settings: dict[str, Any]
) -> OperatorProcess:
    """One running operator."""
    return start_operator(settings)
