"""A tenant whose bucket does not answer: a read of a named pipe that nobody writes does not end."""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import ApiServer
from support.operator_process import OperatorProcess
from support.shadowed import apply_shadowed, serve_both
from support.tenant import Tenant, local_tenant
from support.traffic import MODEL, ServerPod, Trained
from support.waiting import wait_until
from trimtab_stages.contract import layout

pytestmark = pytest.mark.integration

SECONDS = 60.0
SILENT_MODELS = 6
"""More than the looks that work at the same time."""


@pytest.fixture
def silent(api_server: ApiServer, buckets: Path) -> Tenant:
    """A namespace whose runs have commits that cannot be read to their end."""
    found = local_tenant(api_server, buckets, f"a-{uuid.uuid4().hex[:8]}")
    commit = buckets / f"trimtab-{found.name}" / layout.run_commit("run-1")
    commit.parent.mkdir(parents=True)
    os.mkfifo(commit)
    return found


@pytest.fixture
def settings(settings: dict[str, Any], tenant: Tenant, silent: Tenant) -> dict[str, Any]:
    return settings | {"namespaces": [silent.name, tenant.name], "workers": 1}


def apply_rollout(tenant: Tenant, name: str, champion: Trained, challenger: Trained) -> None:
    apply_shadowed(tenant, champion, challenger, name)
    tenant.apply("DriftMonitor", name, {"modelRef": {"name": name}})


def labelled(tenant: Tenant) -> int:
    rollout = tenant.get("Model", MODEL)["status"]["rollout"]
    return int(rollout.get("evidence", {}).get("labelled", -1))


def test_a_bucket_that_does_not_answer_delays_no_other_rollout(
    tenant: Tenant,
    silent: Tenant,
    champion: Trained,
    challenger: Trained,
    start_monitor: Callable[[], OperatorProcess],
) -> None:
    for number in range(SILENT_MODELS):
        apply_rollout(silent, f"silent-{number}", champion, challenger)
    apply_rollout(tenant, MODEL, champion, challenger)
    monitor = start_monitor()
    try:
        wait_until(lambda: labelled(tenant) == 0, SECONDS, what="the first word")
        serve_both(ServerPod(tenant.store), champion, challenger, range(10))
        wait_until(lambda: labelled(tenant) == 100, SECONDS, what="a hundred labels")
    finally:
        # A thread that waits for the pipe would hold up an orderly end.
        monitor.kill()
