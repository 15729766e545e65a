"""Every Prometheus metric of the operator. Labels are bounded by the number of objects."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

PREFIX = "trimtab"
RECONCILE_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
RUN_BUCKETS = (30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400, 259_200)


class Metrics:
    """The operator's metrics, in a registry of their own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.reconcile_duration = Histogram(
            f"{PREFIX}_reconcile_duration_seconds",
            "Time of one reconcile.",
            ["kind", "result"],
            buckets=RECONCILE_BUCKETS,
            registry=registry,
        )
        self.reconcile_errors = Counter(
            f"{PREFIX}_reconcile_errors_total",
            "Reconciles that failed, by the fault's type.",
            ["kind", "reason"],
            registry=registry,
        )
        self.writes = Counter(
            f"{PREFIX}_writes_total",
            "Changes of child objects and status; a converged object causes none.",
            ["kind", "verb"],
            registry=registry,
        )
        self.queue_depth = Gauge(
            f"{PREFIX}_workqueue_depth",
            "Objects that are due or at work.",
            ["kind"],
            registry=registry,
        )
        self.queue_oldest = Gauge(
            f"{PREFIX}_workqueue_oldest_seconds",
            "How long the object that waits longest has been due.",
            registry=registry,
        )
        self.watch_last_event = Gauge(
            f"{PREFIX}_watch_last_event_timestamp_seconds",
            "When the last event of a watch came, seconds since 1970.",
            ["kind"],
            registry=registry,
        )
        self.watch_silent = Gauge(
            f"{PREFIX}_watch_silent",
            "1 where a watch missed a change that lists have shown for minutes.",
            registry=registry,
        )
        self.audit_faults = Counter(
            f"{PREFIX}_audit_chain_faults_total",
            "Places where the audit chain does not hold, found at start: Broken or CutShort.",
            ["fault"],
            registry=registry,
        )
        self.leader = Gauge(
            f"{PREFIX}_leader", "1 where this process holds the Lease.", registry=registry
        )
        self.build = Info(f"{PREFIX}_build", "What this process is.", registry=registry)
        self.run_duration = Histogram(
            f"{PREFIX}_pipeline_run_duration_seconds",
            "Time from the first attempt of a PipelineRun to its end.",
            ["namespace", "pipeline", "result"],
            buckets=RUN_BUCKETS,
            registry=registry,
        )
        self.gate_outcomes = Counter(
            f"{PREFIX}_gate_outcomes_total",
            "Finished PipelineRuns by the outcome of their gates.",
            ["namespace", "pipeline", "outcome"],
            registry=registry,
        )
        self.last_success = Gauge(
            f"{PREFIX}_pipeline_last_success_timestamp_seconds",
            "End of the newest PipelineRun that passed its gates, seconds since 1970.",
            ["namespace", "pipeline"],
            registry=registry,
        )
        self.ready = Gauge(
            f"{PREFIX}_object_ready",
            "1 where the object's summary condition is True.",
            ["kind", "namespace", "name"],
            registry=registry,
        )
        self.paused = Gauge(
            f"{PREFIX}_object_paused",
            "1 where `spec.suspend` of the object is set.",
            ["kind", "namespace", "name"],
            registry=registry,
        )
        self.model_info = Gauge(
            f"{PREFIX}_model_info",
            "1 for the champion of a Model.",
            ["namespace", "model", "digest"],
            registry=registry,
        )
        self.rollout_outcomes = Counter(
            f"{PREFIX}_rollout_outcomes_total",
            "Ends of rollouts of a Model: Promoted, RolledBack or Held.",
            ["namespace", "model", "outcome"],
            registry=registry,
        )
        self.rollout_started = self._of_rollout(
            "started_timestamp_seconds", "When it began, seconds since 1970."
        )
        self.rollout_ends = self._of_rollout(
            "ends_timestamp_seconds",
            "When its challenger is taken back if nothing decides before, seconds since 1970.",
        )
        self.rollout_missing = self._of_rollout(
            "missing_labels", "Labelled rows that it waits for before it can end in a promotion."
        )
        self.retrain_triggers = Counter(
            f"{PREFIX}_retrain_triggers_total",
            "Windows in which a rule asked for a retrain, by what became of it and why: Retrain, "
            "Suggest or Suppress.",
            ["namespace", "monitor", "decision", "reason"],
            registry=registry,
        )
        self.decision_outcomes = Counter(
            f"{PREFIX}_decision_outcomes_total",
            "Decided windows of a DriftMonitor, by outcome.",
            ["namespace", "monitor", "outcome"],
            registry=registry,
        )
        self.rule_holding = Gauge(
            f"{PREFIX}_rule_holding",
            "1 where a rule of a DriftMonitor holds, by the kind of its signal. A window without "
            "an honest value changes nothing.",
            ["namespace", "monitor", "model", "rule", "kind"],
            registry=registry,
        )
        self.retrain_pending = Gauge(
            f"{PREFIX}_retrain_pending",
            "1 where a retrain was decided and has not ended.",
            ["namespace", "monitor"],
            registry=registry,
        )
        self.breaker_open = Gauge(
            f"{PREFIX}_retrain_breaker_open",
            "1 where failed retrains in a row have ended retraining until a person acts.",
            ["namespace", "monitor"],
            registry=registry,
        )

    def _of_rollout(self, name: str, meaning: str) -> Gauge:
        meaning = f"Of a rollout that goes on. {meaning}"
        labels = ["namespace", "model"]
        return Gauge(f"{PREFIX}_rollout_{name}", meaning, labels, registry=self.registry)
