"""A real API server, a bucket, a trained version, and monitors as processes of their own."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import ApiServer
from support.operator_process import OperatorProcess, monitor_settings, run_monitor
from support.tenant import Tenant, local_tenant
from support.traffic import Trained, trained

StartMonitor = Callable[[], OperatorProcess]


@pytest.fixture
def buckets(tmp_path: Path) -> Path:
    """A directory of buckets."""
    return tmp_path / "buckets"


@pytest.fixture
def tenant(api_server: ApiServer, buckets: Path) -> Tenant:
    """A fresh namespace."""
    return local_tenant(api_server, buckets, f"m-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def champion(tenant: Tenant, tmp_path: Path) -> Iterator[Trained]:
    """A version with a commit in the bucket."""
    with trained(tenant.store, tmp_path, "run-1") as version:
        yield version


@pytest.fixture
def challenger(tenant: Tenant, tmp_path: Path) -> Iterator[Trained]:
    """A version that decides the other way round."""
    with trained(tenant.store, tmp_path, "run-22", sign=-1.0) as version:
        yield version


@pytest.fixture
def settings(tenant: Tenant, buckets: Path) -> dict[str, Any]:
    """Settings of a monitor that watches the fresh namespace alone."""
    lease = {"name": f"lease-{tenant.name}", "namespace": "trimtab-system", "seconds": 6}
    return monitor_settings({"path": str(buckets)}, namespaces=[tenant.name], lease=lease)


@pytest.fixture
def start_monitor(
    api_server: ApiServer, tmp_path: Path, settings: dict[str, Any]
) -> Iterator[StartMonitor]:
    """Start monitors; they are stopped at the end."""
    with ExitStack() as stack:
        started: list[OperatorProcess] = []

        def start() -> OperatorProcess:
            folder = tmp_path / f"monitor-{len(started)}"
            started.append(stack.enter_context(run_monitor(api_server, folder, settings)))
            return started[-1]

        yield start
