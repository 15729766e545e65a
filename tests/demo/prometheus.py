"""A real Prometheus beside the demo: it scrapes operator, monitor and servers of the cluster, and
alerts by the chart's rules.

Pods are reached through the API server, so that it works where their network does not reach.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from demo.story import Story
from support.alerting import RULES
from support.bars import Bar
from support.kubectl import Kubectl
from support.prometheus_server import Firing, PrometheusServer, empty_panels, running_prometheus
from support.scrape_targets import CONTROL, SERVERS, serving_targets

PERIOD = "1s"
LOOK_FOR_PODS = "5s"
ABOUT = ("model", "monitor", "rule", "severity")
"""Labels that say what an alert is about; the others say where it was scraped."""


@dataclass(frozen=True, slots=True)
class Watching:
    """What Prometheus has seen of the demo.

    Attributes:
        server: the running Prometheus.
        namespace: where the demo plays; others of the cluster do not count.
    """

    server: PrometheusServer
    namespace: str

    def alerts(self) -> list[Firing]:
        """Return when each alert fired, in order of its beginning; also those of no namespace."""
        found = self.server.firings()
        return [one for one in found if one.labels.get("namespace") in {None, self.namespace}]

    def promoted(self) -> list[float]:
        """Return when challengers were promoted, seconds since 1970."""
        return self._ended("Promoted")

    def rollouts(self) -> int:
        """Return how many rollouts have ended with a change of the plan."""
        return len(self._ended("Promoted")) + len(self._ended("RolledBack"))

    def _ended(self, outcome: str) -> list[float]:
        about = f'namespace="{self.namespace}", outcome="{outcome}"'
        counted = f"changes(trimtab_rollout_outcomes_total{{{about}}}[5s]) > 0"
        return sorted(since for _, (since, _) in self.server.spans(counted))

    def suppressed(self, monitor: str) -> dict[str, float]:
        """Return how many suppressed retrains of a DriftMonitor are counted, by reason."""
        about = f'namespace="{self.namespace}", monitor="{monitor}", decision="Suppress"'
        found = self.server.query(f"sum by (reason) (trimtab_retrain_triggers_total{{{about}}})")
        return {one["metric"]["reason"]: float(one["value"][1]) for one in found}

    def empty_panels(self, model: str) -> list[str]:
        """Return what the dashboard does not show of a Model of the demo, a line each."""
        return empty_panels(self.server, {"namespace": self.namespace, "model": model})


@contextmanager
def watching(kubectl: Kubectl) -> Iterator[Watching]:
    """Watch every pod of Trimtab in the cluster until the end of the block."""
    with (
        TemporaryDirectory() as folder,
        kubectl.proxy() as api,
        serving_targets(api) as targets,
        running_prometheus(scraping(targets), Path(folder)) as server,
    ):
        yield Watching(server, kubectl.namespace)


def tell_alerts(story: Story, watched: Watching, model: str) -> None:
    """Tell which alerts fired when, and what the dashboard does not show of a Model.

    Its variables are the demo's namespace and Model, which they must offer; each query of each
    panel must have had a series with a number during the demo.
    """
    for one in watched.alerts():
        begin, end = (_clock(at) for at in (one.since, one.until))
        about = ", ".join(f"{name} {one.labels[name]}" for name in ABOUT if name in one.labels)
        story.fact(one.alert, f"{begin} to {end}: {about}")
    empty = watched.empty_panels(model)
    for words in empty:
        story.say(f"not on the dashboard: {words}")
    story.bar(Bar("empty-panels", len(empty), 0))


def scraping(targets: str) -> dict[str, Any]:
    """Return the configuration of a Prometheus that asks an address for its targets."""
    return {
        "global": {
            "scrape_interval": PERIOD,
            "scrape_timeout": PERIOD,
            "evaluation_interval": PERIOD,
        },
        "rule_files": [str(RULES)],
        "scrape_configs": [
            # Their label `namespace` is that of the object, not that of the pod.
            {"job_name": "trimtab", "honor_labels": True} | _found_at(f"http://{targets}{CONTROL}"),
            {"job_name": "servers"} | _found_at(f"http://{targets}{SERVERS}"),
        ],
    }


def _found_at(url: str) -> dict[str, Any]:
    return {"http_sd_configs": [{"url": url, "refresh_interval": LOOK_FOR_PODS}]}


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S")
