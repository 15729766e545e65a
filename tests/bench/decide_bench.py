"""How soon a hundred DriftMonitors that trip at once are decided: `make bench-decide`.

Real parts: etcd and kube-apiserver, versitygw, and the operator as a process of its own. Every
decision is recorded in the audit log before it stands in the status.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.operator_bench import s3_storage
from support.apiserver import Call, run_api_server
from support.bars import Bar, say, show
from support.fleet import apply_fleet, champions, fleet_settings, names_of, outcomes, serving, trip
from support.operator_process import operator_settings, run_operator
from support.s3 import run_s3_server
from support.tenant import Tenant
from support.waiting import wait_until
from trimtab_stages.store import S3Store

COUNT, SLOTS = 100, 3
LONGEST_SECONDS = 15
SECONDS = 600.0
NAMESPACE = "bench"


def main() -> int:
    """Print what was asked of the API server and the bar; returns 1 when it is missed."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, calls = measure(Path(folder))
    for line in told(calls):
        say(line)
    return show([Bar("decide-seconds", seconds, LONGEST_SECONDS)])


def measure(folder: Path) -> tuple[float, list[Call]]:
    """Return the seconds from the trip to the last decision, and the operator's calls in them."""
    parts = {name: folder / name for name in ("api", "s3", "credentials", "operator")}
    parts["api"].mkdir()
    names = names_of(COUNT)
    with run_api_server(parts["api"]) as server, run_s3_server(parts["s3"]) as s3:
        store = S3Store(s3.create_bucket(f"trimtab-{NAMESPACE}"))
        tenant = Tenant(server, server.create_namespace(NAMESPACE), store)
        storage = s3_storage(s3, parts["credentials"])
        settings = fleet_settings(operator_settings(storage), SLOTS)
        with (
            serving(tenant, names),
            run_operator(server, parts["operator"], settings) as operator,
        ):
            apply_fleet(tenant, names)
            wait_until(lambda: champions(tenant) == COUNT, SECONDS, interval=1, what="all serve")
            wait_until(operator.is_idle, SECONDS, what="nothing is due")
            before = len(server.operator_calls())
            began = time.monotonic()
            trip(tenant, names)
            wait_until(lambda: outcomes(tenant).total() == COUNT, SECONDS, interval=0.5)
            seconds = time.monotonic() - began
            decided = outcomes(tenant)
            if decided["Retrain RuleHolds"] != SLOTS:
                raise ValueError(f"{SLOTS} retrains may start, and these did: {decided}")
            return seconds, server.operator_calls()[before:]


def told(calls: Sequence[Call]) -> list[str]:
    """Return lines of how often each kind was listed, read and written for one decision."""
    verbs = Counter(call.verb for call in calls)
    lists = Counter(call.resource for call in calls if call.verb == "list")
    return [
        f"lists: {', '.join(f'{name} {count}' for name, count in lists.most_common())}",
        f"calls for each decision: {', '.join(f'{v} {n / COUNT:.2f}' for v, n in verbs.items())}",
    ]


if __name__ == "__main__":
    sys.exit(main())
