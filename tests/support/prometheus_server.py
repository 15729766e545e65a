"""A real Prometheus on a free loopback port, and what it says."""

import json
import math
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

from support.alerting import filled, panels, queries, variables
from support.folders import find_program
from support.ports import free_port
from support.waiting import wait_until

START_SECONDS = 60.0
STOP_SECONDS = 20.0
PANEL_STEP = 5.0
"""Seconds between the values of a panel: nobody's screen shows more of a demo."""
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
        step = max(1.0, (time.time() - self.started) / MOST_POINTS)
        for series in self.over_time(expression, step):
            moments = [float(moment) for moment, _ in series["values"]]
            for span in _spans(moments, step):
                yield series["metric"], span

    def over_time(self, expression: str, step: float = PANEL_STEP) -> list[dict[str, Any]]:
        """Return the series of an expression since the start, a value each `step` seconds."""
        asked = {"query": expression, "start": self.started, "end": time.time(), "step": step}
        return self._results("query_range", asked)

    def label_values(self, series: str, label: str) -> list[str]:
        """Return the values that a label of a series has had since the start."""
        asked = {"match[]": series, "start": self.started, "end": time.time()}
        found: list[str] = self._read(f"label/{label}/values", asked)
        return found

    def _results(self, path: str, asked: Mapping[str, object]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._read(path, asked)["result"]
        return found

    def _read(self, path: str, asked: Mapping[str, object]) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the test's own server
            return json.load(answer)["data"]


def empty_panels(server: PrometheusServer, chosen: Mapping[str, str]) -> list[str]:
    """Return what the dashboard does not show of all the time since the start.

    Args:
        server: the running Prometheus.
        chosen: value of each of the dashboard's variables.

    Returns:
        A line for each variable that does not offer its value, and for each query of a panel
        without a series, or whose series are not a number throughout.
    """
    return [*_unoffered(server, chosen), *_numberless(server, chosen)]


def _unoffered(server: PrometheusServer, chosen: Mapping[str, str]) -> Iterator[str]:
    for name, (series, label) in variables().items():
        offered = server.label_values(filled(series, chosen), label)
        if chosen[name] not in offered:
            yield f"variable {name} offers {', '.join(offered) or 'nothing'}, not {chosen[name]}"


def _numberless(server: PrometheusServer, chosen: Mapping[str, str]) -> Iterator[str]:
    for panel in panels():
        for expression in (filled(query, chosen) for query in queries(panel)):
            series = server.over_time(expression)
            if not any(has_number(one) for one in series):
                why = "no number" if series else "no series"
                yield f"{panel['title']}: {expression}: {why}"


def has_number(series: Mapping[str, Any]) -> bool:
    """Return whether a series of a range query has a value that is a number."""
    return any(not math.isnan(float(value)) for _, value in series["values"])


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
