"""A real Prometheus on a free loopback port, and what it says."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from support.alerting import panels, queries
from support.kubectl import find_program
from support.ports import free_port
from support.waiting import wait_until

START_SECONDS = 60.0
STOP_SECONDS = 20.0
MOST_POINTS = 10_000
"""Prometheus refuses a range of more than 11,000 points."""

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Firing:
    """A time through which an alert fired.

    Attributes:
        alert: its name.
        labels: its labels.
        since: first moment, seconds since 1970.
        until: last moment, seconds since 1970.
    """

    alert: str
    labels: Labels
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class PrometheusServer:
    """A running Prometheus.

    Attributes:
        url: where it answers.
        started: when it was started, seconds since 1970.
    """

    url: str
    started: float

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query."""
        return self._results("query", {"query": expression})

    def targets(self) -> list[dict[str, Any]]:
        """Return what is scraped."""
        found: list[dict[str, Any]] = self._read("targets", {"state": "active"})["activeTargets"]
        return found

    def firings(self) -> list[Firing]:
        """Return when each alert of Trimtab fired since the start, in order of its beginning."""
        found = [
            Firing(labels["alertname"], _own(labels), *span)
            for labels, span in self.spans('ALERTS{alertname=~"Trimtab.+", alertstate="firing"}')
        ]
        return sorted(found, key=lambda one: (one.since, one.alert))

    def spans(self, expression: str) -> Iterator[tuple[Labels, tuple[float, float]]]:
        """Yield from when to when an expression had series since the start, to the second."""
        now = time.time()
        step = max(1.0, (now - self.started) / MOST_POINTS)
        asked = {"query": expression, "start": self.started, "end": now, "step": step}
        for series in self._results("query_range", asked):
            moments = [float(moment) for moment, _ in series["values"]]
            for span in _spans(moments, step):
                yield series["metric"], span

    def _results(self, path: str, asked: Mapping[str, object]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._read(path, asked)["result"]
        return found

    def _read(self, path: str, asked: Mapping[str, object]) -> dict[str, Any]:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the test's own server
            data: dict[str, Any] = json.load(answer)["data"]
        return data


def empty_panels(server: PrometheusServer) -> list[str]:
    """Run every query of the dashboard; return panel and query of those without any series."""
    return [
        f"{panel['title']}: {expression}"
        for panel in panels()
        for expression in queries(panel)
        if not server.query(expression)
    ]


@contextmanager
def running_prometheus(config: Mapping[str, Any], folder: Path) -> Iterator[PrometheusServer]:
    """Run Prometheus with a configuration; its data and log are in the folder.

    It is ended by its own process number, whatever else of that name runs here.
    """
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(dict(config)))
    address = f"127.0.0.1:{free_port()}"
    command = [
        find_program("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = folder / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        server = PrometheusServer(f"http://{address}", time.time())
        wait_until(lambda: _is_ready(server, process, log), START_SECONDS, what="Prometheus")
        yield server
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _is_ready(server: PrometheusServer, process: "subprocess.Popen[bytes]", log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"Prometheus ended: {log.read_text()[-2000:]}")
    try:
        with urllib.request.urlopen(f"{server.url}/-/ready", timeout=5) as answer:  # noqa: S310 - same
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def _own(labels: Labels) -> Labels:
    return {
        name: value
        for name, value in labels.items()
        if name not in {"__name__", "alertname", "alertstate"}
    }


def _spans(moments: list[float], step: float) -> Iterator[tuple[float, float]]:
    """Yield the first and last of moments that follow one another; a missed one is no pause."""
    begin = moments[0]
    for earlier, later in pairwise(moments):
        if later - earlier > 2 * step:
            yield begin, earlier
            begin = later
    yield begin, moments[-1]
