"""What stands beside the demo, against a real API server and a real Prometheus.

The pods' status is written by hand: their address is this machine's, where their metrics are.
"""

import socket
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from demo.prometheus import Watching, watching
from support.alerting import panels
from support.apiserver import ApiServer
from support.exported_metrics import server_collector
from support.kubectl import Kubectl
from support.ports import free_port
from support.waiting import wait_until
from trimtab_operator.manifests import labels
from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.telemetry.metrics import Metrics

pytestmark = [pytest.mark.integration, pytest.mark.long]
SECONDS = 60.0
RULE = {"namespace": "demo", "monitor": "bikes", "model": "bikes"}


def this_machine() -> str:
    """Return an address of this machine that is not its loopback, to which no pod is proxied."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@contextmanager
def exporting(registry: CollectorRegistry) -> Iterator[int]:
    """Serve a registry as a pod would; yield the port."""
    port = free_port()
    server, thread = start_http_server(port, registry=registry)
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def start_pod(server: ApiServer, namespace: str, component: str, port: tuple[str, int]) -> None:
    name, number = port
    path = f"/api/v1/namespaces/{namespace}/pods/{component}"
    metadata = {
        "name": component,
        "labels": labels.server("bikes") | {labels.COMPONENT: component},
    }
    ports = [{"name": name, "containerPort": number, "protocol": "TCP"}]
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
    containers = [{"name": component, "image": "x", "ports": ports}]
    server.apply(path, pod | {"spec": {"containers": containers, "nodeName": "none"}})
    address = this_machine()
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    server.apply(f"{path}/status", pod | {"status": status})


@pytest.fixture
def metrics() -> Metrics:
    """An operator's metrics: it leads, and a rule of a DriftMonitor does not hold."""
    made = Metrics()
    made.leader.set(1)
    made.rule_holding.labels(**RULE, rule="worse", kind="RealisedQuality").set(0)
    return made


@pytest.fixture
def watched(api_server: ApiServer, metrics: Metrics, tmp_path: Path) -> Iterator[Watching]:
    """Prometheus with an operator, a monitor and a server to scrape."""
    namespace = api_server.create_namespace(f"p-{uuid.uuid4().hex[:8]}")
    servers = CollectorRegistry()
    servers.register(server_collector(tmp_path, asked=True))
    parts = {
        ("operator", "metrics"): metrics.registry,
        ("monitor", "metrics"): MonitorMetrics().registry,
        ("server", "admin"): servers,
    }
    kubeconfig = str(api_server.admin_kubeconfig(tmp_path / "kubeconfig"))
    with ExitStack() as stack:
        for (component, port), registry in parts.items():
            number = stack.enter_context(exporting(registry))
            start_pod(api_server, namespace, component, (port, number))
        kubectl = Kubectl(RULE["namespace"], ["--kubeconfig", kubeconfig])
        yield stack.enter_context(watching(kubectl))


def test_every_pod_is_scraped_and_an_alert_is_seen_from_begin_to_end(
    watched: Watching, metrics: Metrics
) -> None:
    wait_until(lambda: healthy(watched) == {"operator", "monitor", "server"}, SECONDS)
    rows = 'trimtab_inference_rows_total{job="servers"}'
    assert [one["metric"]["pod"] for one in watched.server.query(rows)] == ["server"]
    (rule,) = watched.server.query("trimtab_rule_holding")
    assert rule["metric"]["namespace"] == "demo"
    assert "exported_namespace" not in rule["metric"]
    assert watched.alerts() == []

    holding = metrics.rule_holding.labels(**RULE, rule="worse", kind="RealisedQuality")
    holding.set(1)
    wait_until(watched.alerts, SECONDS + 30)
    holding.set(0)
    wait_until(lambda: not watched.server.query('ALERTS{alertstate="firing"}'), SECONDS)
    (firing,) = watched.alerts()
    assert firing.alert == "TrimtabModelQualityDropped"
    assert firing.until >= firing.since
    assert firing.labels.items() >= (RULE | {"rule": "worse", "severity": "critical"}).items()

    metrics.ready.labels(kind="Model", namespace="demo", name="bikes").set(1)
    wait_until(lambda: watched.server.query("trimtab_object_ready"), SECONDS)
    titles = {one.split(":")[0] for one in watched.empty_panels("bikes")}
    assert {"Rules that hold", "Operator"}.isdisjoint(titles)
    # The server is one of another namespace, and no metric of a monitor was ever set.
    missing = {"Realised quality", "Champions", "Rows by version"}
    assert missing <= titles <= {panel["title"] for panel in panels()}
    others = {one.split(":")[0] for one in watched.empty_panels("trams")}
    assert {"variable model offers bikes, not trams", "Rules that hold"} <= others


def healthy(watched: Watching) -> set[str]:
    return {one["labels"]["pod"] for one in watched.server.targets() if one["health"] == "up"}
