"""Tells Prometheus which pods to scrape, through the API server.

Debian's Prometheus cannot ask Kubernetes itself, but any HTTP address. What the chart's
ServiceMonitors and PodMonitor say is said here to a plain Prometheus.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMPONENT = "app.kubernetes.io/component"
CONTROL, SERVERS = "/control", "/servers"
PORTS = {
    CONTROL: {"operator": "metrics", "monitor": "metrics"},
    SERVERS: {"server": "admin"},
}
"""By path of the discovery: the metrics port of each component."""
PODS = "/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%3Dtrimtab"

Pod = Mapping[str, Any]


def targets_of(pods: Iterable[Pod], ports: Mapping[str, str], api: str) -> list[dict[str, Any]]:
    """Return the running pods that have one of the ports, as Prometheus reads them.

    Args:
        pods: bodies of the API.
        ports: name of the port by component.
        api: address of the API server, which passes the requests on.
    """
    return [
        _target(pod, port, api)
        for pod in pods
        if pod.get("status", {}).get("phase") == "Running"
        for port in _ports(pod, ports.get(pod["metadata"]["labels"].get(COMPONENT, "")))
    ]


def _ports(pod: Pod, name: str | None) -> list[int]:
    declared = [port for one in pod["spec"]["containers"] for port in one.get("ports", [])]
    return [port["containerPort"] for port in declared if name and port.get("name") == name]


def _target(pod: Pod, port: int, api: str) -> dict[str, Any]:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    labels = {
        "__metrics_path__": f"/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy/metrics",
        "namespace": namespace,
        "pod": name,
        "instance": name,
    }
    return {"targets": [api], "labels": labels}


@contextmanager
def serving_targets(api: str) -> Iterator[str]:
    """Answer at `/control` and `/servers` with the pods of now; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    thread = threading.Thread(target=server.serve_forever, name="targets", daemon=True)
    thread.start()
    try:
        host, port = server.server_address[:2]
        yield f"{host!s}:{port}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(api: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Without an answer Prometheus keeps the targets that it has.
            try:
                found = targets_of(_pods(api), PORTS[self.path], api)
            except (urllib.error.URLError, ConnectionError, KeyError) as error:
                self.send_error(HTTPStatus.BAD_GATEWAY, explain=str(error))
                return
            body = json.dumps(found).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: it is asked every second."""

    return Handler


def _pods(api: str) -> list[Pod]:
    with urllib.request.urlopen(f"http://{api}{PODS}", timeout=10) as answer:
        found: list[Pod] = json.load(answer)["items"]
    return found
