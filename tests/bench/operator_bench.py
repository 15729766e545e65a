"""What 200 objects cost the operator: `make bench-operator`.

Real parts: etcd and kube-apiserver, versitygw, and the operator as a process of its own.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support.apiserver import ApiServer, run_api_server
from support.bars import Bar, show
from support.operator_process import operator_settings, run_operator
from support.s3 import S3Server, run_s3_server, write_storage_directory
from support.scenario import all_ready, apply_datasets
from support.tenant import Tenant
from support.waiting import wait_until
from trimtab_stages.store import S3Store

COUNT = 200
SECONDS = 300.0
MEMORY_BAR = 150
WRITES_BAR = 0
NAMESPACE = "bench"


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        megabytes: most resident memory of any time, MB.
        writes: writes after a restart in front of unchanged objects, the Lease's left out.
    """

    megabytes: float
    writes: int


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder))
    return show(
        (
            Bar("operator-memory-mb", figures.megabytes, MEMORY_BAR),
            Bar("operator-restart-writes", figures.writes, WRITES_BAR),
        )
    )


def measure(folder: Path) -> Figures:
    """Let an operator work through so many Datasets, then another look at them."""
    parts = {name: folder / name for name in ("api", "s3", "credentials", "operator")}
    parts["api"].mkdir()
    with run_api_server(parts["api"]) as server, run_s3_server(parts["s3"]) as s3:
        tenant = Tenant(
            server,
            server.create_namespace(NAMESPACE),
            S3Store(s3.create_bucket(f"trimtab-{NAMESPACE}")),
        )
        storage = s3_storage(s3, parts["credentials"])
        settings = operator_settings(storage)
        with run_operator(server, parts["operator"], settings) as operator:
            apply_datasets(tenant, COUNT)
            wait_until(lambda: all_ready(tenant, "Dataset", COUNT), SECONDS, interval=1)
            wait_until(operator.is_idle, SECONDS)
            first = operator.peak_megabytes()
        before = len(server.operator_calls())
        with run_operator(server, parts["operator"], settings) as operator:
            wait_until(lambda: looked_at(server, before) == COUNT, SECONDS)
            wait_until(operator.is_idle, SECONDS)
            megabytes = max(first, operator.peak_megabytes())
        return Figures(megabytes, writes_since(server, before))


def s3_storage(s3: S3Server, folder: Path) -> dict[str, str]:
    """Return the operator's storage settings for a server; creates the audit bucket."""
    audit = s3.create_bucket("trimtab-audit")
    credentials = write_storage_directory(audit, folder)
    return {"endpoint": s3.endpoint, "credentialsDir": str(credentials)}


def looked_at(server: ApiServer, start: int) -> int:
    """Return how many Datasets the operator has read since a point of the audit log."""
    calls = server.operator_calls()[start:]
    return len({call.name for call in calls if (call.verb, call.resource) == ("get", "datasets")})


def writes_since(server: ApiServer, start: int) -> int:
    """Return the operator's writes since a point of the audit log, but the Lease's."""
    calls = server.operator_calls()[start:]
    unchanging = {"leases", "selfsubjectreviews"}
    reads = {"get", "list", "watch"}
    return sum(call.verb not in reads and call.resource not in unchanging for call in calls)


if __name__ == "__main__":
    sys.exit(main())
