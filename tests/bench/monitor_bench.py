"""What 100 DriftMonitors cost the monitor: `make bench-monitor`.

Real parts: etcd and kube-apiserver, versitygw, and the monitor as a process of its own. Every Model
answers 20 requests a second of 50 features, gets all labels back, and has a window a minute.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bench.operator_bench import s3_storage
from support.apiserver import run_api_server
from support.operator_process import OperatorProcess, monitor_settings, run_monitor
from support.s3 import run_s3_server
from support.tenant import Tenant
from support.traffic import CLASSES, ServerPod, Trained, normal_rows, trained
from trimtab_stages.store import S3Store

COUNT = 100
FEATURES = 50
WINDOW_SECONDS = 60
FLUSH_SECONDS = 10
ROWS = 200
WINDOWS = 3
BAR = 0.5
NAMESPACE = "bench"
NAMES = np.array(CLASSES)


def main() -> int:
    """Print the bar's line; returns 1 when it is missed."""
    with tempfile.TemporaryDirectory() as folder:
        share = measure(Path(folder))
    verdict = "ok" if share <= BAR else "short"
    sys.stdout.write(f"bar monitor-core-share {share:.2f} {BAR} {verdict}\n")
    return int(share > BAR)


def measure(folder: Path) -> float:
    """Return the processor time of the monitor per second in which 100 windows a minute close."""
    parts = {name: folder / name for name in ("api", "s3", "credentials", "monitor", "graph")}
    for name in ("api", "graph"):
        parts[name].mkdir()
    with run_api_server(parts["api"]) as server, run_s3_server(parts["s3"]) as s3:
        store = S3Store(s3.create_bucket(f"trimtab-{NAMESPACE}"))
        tenant = Tenant(server, server.create_namespace(NAMESPACE), store)
        settings = monitor_settings(s3_storage(s3, parts["credentials"]), pollSeconds=5)
        with trained(store, parts["graph"], "run-1", FEATURES) as version:
            names = [f"m-{number:03d}" for number in range(COUNT)]
            apply_objects(tenant, version, names)
            pods = [ServerPod(store, f"{name}-0", name, capture_fraction=0.1) for name in names]
            with run_monitor(server, parts["monitor"], settings) as monitor:
                # The first windows are begun in the middle and bring what is read only once.
                serve(version, pods, monitor, COUNT)
                before = processor_seconds(monitor), evaluated(monitor)
                serve(version, pods, monitor, int(before[1]) + WINDOWS * COUNT)
                spent = processor_seconds(monitor) - before[0]
                windows = evaluated(monitor) - before[1]
    return spent / (windows / COUNT * WINDOW_SECONDS)


def apply_objects(tenant: Tenant, version: Trained, names: Sequence[str]) -> None:
    """Apply Models whose champion is one version, and a DriftMonitor for each."""
    since = datetime.now(UTC) - timedelta(seconds=60)
    for name in names:
        capture = {"paneSeconds": WINDOW_SECONDS, "flushSeconds": FLUSH_SECONDS}
        tenant.apply("Model", name, {"pipelineRef": {"name": name}, "capture": capture})
        status = {"status": {"champion": version.status(since)}}
        tenant.server.merge(f"{tenant.path('Model', name)}/status", status)
        window = {"seconds": WINDOW_SECONDS, "minSamples": 100, "minLabels": 100}
        tenant.apply("DriftMonitor", name, {"modelRef": {"name": name}, "window": window})


def serve(
    version: Trained, pods: Sequence[ServerPod], monitor: OperatorProcess, windows: int
) -> None:
    """Let every pod answer, take labels and flush in its time, until so many windows are done."""
    number = 0
    while evaluated(monitor) < windows:
        begin = time.time()
        for place, pod in enumerate(pods):
            answer(version, pod, f"{begin:.0f}-{place}", number)
        number += 1
        time.sleep(max(begin + FLUSH_SECONDS - time.time(), 0.0))


def answer(version: Trained, pod: ServerPod, name: str, seed: int) -> None:
    """Answer one request of many rows that happens now, and flush."""
    rows = normal_rows(ROWS, FEATURES, seed=seed)
    now = time.time()
    event = now - FLUSH_SECONDS + np.arange(ROWS) * FLUSH_SECONDS / ROWS
    decided = pod.answer(version, name, rows, event=event, received=now)
    pod.label(name, NAMES[decided].tolist(), received=now)
    pod.flush()


def evaluated(monitor: OperatorProcess) -> float:
    """Return how many windows the monitor has evaluated."""
    return monitor.metric_sum("trimtab_drift_evaluations_total{")


def processor_seconds(monitor: OperatorProcess) -> float:
    """Return the processor time that the process has used, seconds."""
    fields = Path(f"/proc/{monitor.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
