"""The server's Prometheus metrics, read from plain counters when the page is asked for."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from trimtab_stages.serve.observe.feedback import FeedbackBuffer
from trimtab_stages.serve.observe.outbox import KINDS, Outbox
from trimtab_stages.serve.plan.follower import PlanFollower
from trimtab_stages.serve.plan.version import short_name
from trimtab_stages.serve.statistics import FAILURES, LATENCY_BOUNDS, Statistics

_BY_VERSION = ["model", "version"]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers are.

    Attributes:
        follower: plan and versions.
        statistics: requests.
        in_flight: requests without an answer.
        outbox: objects for the store.
        feedback: returned labels.
        is_ready: readiness.
        dropped_rows: captured rows that had no room.
        lost_rows: rows that the process before this one took with it.
    """

    follower: PlanFollower
    statistics: Statistics
    in_flight: Callable[[], int]
    outbox: Outbox
    feedback: FeedbackBuffer
    is_ready: Callable[[], bool]
    dropped_rows: Callable[[], int]
    lost_rows: int


class ServerCollector(Collector):
    """Makes metric families of the sources; a name is one quantity in one unit."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterable[Metric]:
        """Yield every family."""
        plan = self._sources.follower.plan
        model = plan.model if plan else ""
        yield from self._requests(model)
        yield from self._rows(model)
        yield from self._plan_families(model)
        yield from self._observation_families(model)

    def _requests(self, model: str) -> Iterator[Metric]:
        statistics = self._sources.statistics
        requests = CounterMetricFamily(
            "trimtab_inference_requests",
            "Infer requests by outcome.",
            labels=[*_BY_VERSION, "code"],
        )
        latency = HistogramMetricFamily(
            "trimtab_inference_request_duration_seconds",
            "Time from a request's last byte to its answer.",
            labels=_BY_VERSION,
        )
        for name, version in statistics.versions.items():
            # A counter that begins with its first fault would hide that fault from `increase`.
            for code in sorted({"ok", *FAILURES, *version.codes}):
                requests.add_metric([model, name, code], version.codes[code])
            bounds = [*(str(bound) for bound in LATENCY_BOUNDS), "+Inf"]
            buckets = list(zip(bounds, accumulate(version.buckets), strict=True))
            latency.add_metric([model, name], buckets, version.seconds)
        refused = CounterMetricFamily(
            "trimtab_server_refused_requests", "Requests answered with an error.", labels=["code"]
        )
        for code, count in statistics.refused.items():
            refused.add_metric([code], count)
        yield from (requests, latency, refused)
        yield GaugeMetricFamily(
            "trimtab_inference_inflight_requests",
            "Requests that wait for their answer.",
            self._sources.in_flight(),
        )

    def _rows(self, model: str) -> Iterator[Metric]:
        families = {
            "rows": CounterMetricFamily(
                "trimtab_inference_rows", "Rows answered.", labels=_BY_VERSION
            ),
            "shadow_rows": CounterMetricFamily(
                "trimtab_shadow_rows", "Rows scored after the reply.", labels=_BY_VERSION
            ),
            "shadow_failed": CounterMetricFamily(
                "trimtab_shadow_failed_requests",
                "Requests that a shadow version could not score, whatever the load.",
                labels=_BY_VERSION,
            ),
            "shadow_dropped_rows": CounterMetricFamily(
                "trimtab_shadow_dropped_rows",
                "Rows that a shadow version did not score, because of load or of a failed run.",
                labels=_BY_VERSION,
            ),
        }
        for name, version in self._sources.statistics.versions.items():
            for attribute, family in families.items():
                family.add_metric([model, name], getattr(version, attribute))
        yield from families.values()

    def _plan_families(self, model: str) -> Iterator[Metric]:
        state = self._sources.follower.state()
        yield GaugeMetricFamily(
            "trimtab_server_ready", "1 when new requests are taken.", self._sources.is_ready()
        )
        yield GaugeMetricFamily(
            "trimtab_serving_plan_unreadable",
            "1 when the newest plan file cannot be followed.",
            bool(state.message),
        )
        followed = GaugeMetricFamily(
            "trimtab_serving_plan_info", "Revision followed.", labels=["model", "revision"]
        )
        followed.add_metric([model, state.revision], 1)
        yield followed
        versions = GaugeMetricFamily(
            "trimtab_serving_version_info",
            "State of every version of the newest plan.",
            labels=[*_BY_VERSION, "reason"],
        )
        for version in state.versions:
            versions.add_metric([model, short_name(version.digest), version.reason], 1)
        yield versions

    def _observation_families(self, model: str) -> Iterator[Metric]:
        outbox = self._sources.outbox
        for name, help_text, counts in (
            ("written_objects", "Objects written to the store.", outbox.written),
            ("dropped_objects", "Objects lost: no room, or no store.", outbox.dropped),
        ):
            family = CounterMetricFamily(
                f"trimtab_observation_{name}", help_text, labels=["model", "kind"]
            )
            for kind in KINDS:
                family.add_metric([model, kind], counts[kind])
            yield family
        yield GaugeMetricFamily(
            "trimtab_observation_waiting_bytes",
            "Estimated bytes that wait to be written.",
            outbox.waiting_bytes,
        )
        yield CounterMetricFamily(
            "trimtab_observation_dropped_rows",
            "Sampled rows that had no room.",
            self._sources.dropped_rows(),
        )
        yield GaugeMetricFamily(
            "trimtab_observation_lost_rows",
            "Rows that the killed process before this one had answered and not written.",
            self._sources.lost_rows,
        )
        yield CounterMetricFamily(
            "trimtab_feedback_labels", "Labels taken.", self._sources.feedback.accepted
        )
