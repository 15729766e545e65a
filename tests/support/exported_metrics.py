"""Every series that operator, monitor and server can export, with the names of its labels."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_stages.serve.metrics import ServerCollector, Sources
from trimtab_stages.serve.observe.feedback import FeedbackBuffer
from trimtab_stages.serve.observe.observer import Naming
from trimtab_stages.serve.observe.outbox import Outbox
from trimtab_stages.serve.plan.file import PlanFile
from trimtab_stages.serve.plan.follower import PlanFollower
from trimtab_stages.serve.plan.loader import VersionLoader
from trimtab_stages.serve.plan.version import VersionSettings
from trimtab_stages.serve.settings import ServeSettings
from trimtab_stages.serve.statistics import Statistics
from trimtab_stages.store import LocalStore

Series = tuple[str, frozenset[str]]

ENDINGS = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "info": ("_info",),
    "gauge": ("",),
}


def exported(folder: Path) -> dict[str, frozenset[str]]:
    """Return the labels of every series by its name.

    Args:
        folder: an empty one, for the server's parts.
    """
    found = dict(_of(Metrics()))
    for name, labels in (*_of(MonitorMetrics()), *_of_server(folder)):
        found[name] = found.get(name, frozenset()) | labels
    return found


def _of(metrics: Metrics | MonitorMetrics) -> Iterator[Series]:
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            labels = frozenset(metric._labelnames)  # noqa: SLF001 - they stand nowhere else
            for family in metric.describe():
                yield from _series(family, labels)


def _of_server(folder: Path) -> Iterator[Series]:
    for family in server_collector(folder, asked=True).collect():
        labels = {name for sample in family.samples for name in sample.labels}
        yield from _series(family, frozenset(labels))


def _series(family: Metric, labels: frozenset[str]) -> Iterator[Series]:
    for ending in ENDINGS[family.type]:
        yield f"{family.name}{ending}", labels | ({"le"} if ending == "_bucket" else set())


def server_collector(folder: Path, *, asked: bool) -> ServerCollector:
    """Return what a server without a plan exports; `asked`: it has answered and refused once."""
    settings = ServeSettings(folder / "plan.json", folder, folder)
    outbox = Outbox(lambda: LocalStore(folder), 1)
    statistics = Statistics()
    if asked:
        statistics.of("a").answered(1, 0.1)
        statistics.refused["invalid"] += 1
    follower = PlanFollower(
        PlanFile(settings.plan),
        VersionLoader(settings, lambda: LocalStore(folder)),
        VersionSettings(settings.run, settings.limits),
        settings.poll_seconds,
        settings.pod,
    )
    return ServerCollector(
        Sources(
            follower=follower,
            statistics=statistics,
            in_flight=lambda: 0,
            outbox=outbox,
            feedback=FeedbackBuffer(Naming("pod", 0), outbox),
            is_ready=lambda: True,
            dropped_rows=lambda: 0,
            lost_rows=0,
        )
    )
