"""Every Prometheus metric of the monitor: one for each statistic, labels bounded by the objects."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Info

PREFIX = "trimtab"
OBJECT = ("namespace", "monitor", "model")
FEATURE = (*OBJECT, "feature")
METRIC = (*OBJECT, "metric")


class MonitorMetrics:
    """The monitor's metrics, in a registry of their own.

    Values of a window whose signal has none (too few samples, a fault of the data) are NaN.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.wasserstein = self._gauge(
            "drift_wasserstein_distance",
            "Wasserstein-1 distance of a feature from the reference, its standard deviations.",
            FEATURE,
        )
        self.psi = self._gauge("drift_psi", "Population stability index of a feature.", FEATURE)
        self.js = self._gauge(
            "drift_js_distance",
            "Jensen-Shannon distance from the reference, 0..1, of a categorical feature, or of the "
            "scores (feature `__score__`).",
            FEATURE,
        )
        self.detected = self._gauge(
            "drift_detected", "1 where effect and chance say that a feature has drifted.", FEATURE
        )
        self.share = self._gauge(
            "drift_share", "Share of a signal's features that have drifted.", (*OBJECT, "signal")
        )
        self.quality = self._gauge("quality", "Metric over the labelled rows.", METRIC)
        self.quality_reference = self._gauge(
            "quality_reference",
            "What the same metric is compared with: the better of the "
            "champion's test split and its first measured window.",
            METRIC,
        )
        self.quality_drop = self._gauge(
            "quality_drop", "How much worse than the reference; larger is worse.", METRIC
        )
        self.samples = self._gauge("drift_window_samples", "Rows of the newest window.", OBJECT)
        self.coverage = self._gauge(
            "label_coverage_ratio", "Share of the newest window's rows with a label.", OBJECT
        )
        self.faults = self._gauge("data_faults", "Faults of the newest window's data.", OBJECT)
        self.last_evaluation = self._gauge(
            "drift_last_evaluation_timestamp_seconds",
            "When this process evaluated or read the newest window, seconds since 1970.",
            OBJECT,
        )
        self.period = self._gauge(
            "drift_evaluation_period_seconds", "Length of a window, event time.", OBJECT
        )
        self.evaluations = Counter(
            f"{PREFIX}_drift_evaluations_total",
            "Evaluated windows: ok, or faulty where the data is; error where it was tried in vain.",
            ["namespace", "monitor", "result"],
            registry=self.registry,
        )
        self.uncounted = Counter(
            f"{PREFIX}_uncounted_rows_total",
            "Rows that count in no window, each told once at most: late, where they arrived after "
            "it was closed; missed, where their server wrote them after it was evaluated. What "
            "came while no monitor looked, of windows that were done, is not among them.",
            ["namespace", "monitor", "reason"],
            registry=self.registry,
        )
        self.lost_objects = self._lost("objects", "Stored objects that are missing or not readable")
        self.lost_rows = self._lost("rows", "Rows that killed servers took with them")
        self.lost_flushes = self._lost(
            "flushes", "Servers that fell silent without an orderly end, at most one flush each"
        )
        self.evidence_errors = Counter(
            f"{PREFIX}_rollout_evidence_errors_total",
            "Comparisons of champion and challenger that were tried in vain, and captured objects "
            "that could not be read for them.",
            ["namespace", "model"],
            registry=self.registry,
        )
        self.oldest_due = self._gauge(
            "monitor_oldest_due_seconds",
            "How long the DriftMonitor that waits longest has been due.",
            (),
        )
        self.leader = self._gauge("leader", "1 where this process holds the Lease.", ())
        self.build = Info(f"{PREFIX}_build", "What this process is.", registry=self.registry)

    def _lost(self, what: str, meaning: str) -> Counter:
        meaning = f"{meaning}, as the evaluated windows count them."
        name = f"{PREFIX}_lost_{what}_total"
        return Counter(name, meaning, OBJECT, registry=self.registry)

    def _gauge(self, name: str, meaning: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", meaning, labels, registry=self.registry)
