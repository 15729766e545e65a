"""Which pods Prometheus scrapes beside the demo."""

from typing import Any

import pytest

from support.scrape_targets import COMPONENT, CONTROL, PORTS, SERVERS, targets_of

API = "127.0.0.1:8001"
NUMBERS = {"health": 8080, "metrics": 9090, "http": 8080, "admin": 8081}


def pod(component: str, *ports: str, phase: str = "Running") -> dict[str, Any]:
    declared = [{"name": name, "containerPort": NUMBERS[name]} for name in ports]
    return {
        "metadata": {"namespace": "demo", "name": "x", "labels": {COMPONENT: component}},
        "spec": {"containers": [{"name": "c"}, {"name": "d", "ports": declared}]},
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("body", "path", "port"),
    [
        pytest.param(pod("operator", "health", "metrics"), CONTROL, 9090, id="operator"),
        pytest.param(pod("monitor", "health", "metrics"), CONTROL, 9090, id="monitor"),
        pytest.param(pod("server", "http", "admin"), SERVERS, 8081, id="server"),
        pytest.param(pod("server", "http", "admin"), CONTROL, None, id="in the other job"),
        pytest.param(pod("server", "admin", phase="Pending"), SERVERS, None, id="starting"),
        pytest.param(pod("operator", "metrics", phase="Failed"), CONTROL, None, id="ended"),
        pytest.param(pod("train"), CONTROL, None, id="a component without metrics"),
        pytest.param(pod("server", "http"), SERVERS, None, id="no such port"),
    ],
)
def test_running_pods_are_scraped_at_their_metrics_port(
    body: dict[str, Any], path: str, port: int | None
) -> None:
    found = targets_of([body], PORTS[path], API)
    metrics_path = f"/api/v1/namespaces/demo/pods/x:{port}/proxy/metrics"
    labels = {
        "__metrics_path__": metrics_path,
        "namespace": "demo",
        "pod": "x",
        "instance": "x",
    }
    assert found == ([{"targets": [API], "labels": labels}] if port else [])
