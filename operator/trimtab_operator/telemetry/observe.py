"""Turns what a reconcile saw and decided into metrics."""

import contextlib

from prometheus_client import Counter, Gauge, Histogram

from trimtab_operator.api.base import Status
from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import BY_KIND, DRIFT_MONITOR, MODEL, PIPELINE, TrimtabObject
from trimtab_operator.api.model import Model, ModelStatus
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun, PipelineRunStatus
from trimtab_operator.api.rollout import RolloutState
from trimtab_operator.domain.rollout import on_trial
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_operator.telemetry.observe_monitor import MonitorObservations

ROLLOUT_ENDS = tuple(state for state in RolloutState if state is not RolloutState.PROGRESSING)
RUN_RESULTS = ("succeeded", "failed")


class Observations:
    """Keeps the metrics of objects in step with their status.

    Args:
        metrics: where to.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._monitors = MonitorObservations(metrics)
        self._champions: dict[tuple[str, str], str] = {}
        self._successes: dict[tuple[str, str], float] = {}

    def observe(self, kind: str, before: TrimtabObject, after: Status) -> None:
        """Record an object's new status; transitions count once, where they are decided."""
        metadata = before.metadata
        summary = after.condition(BY_KIND[kind].summary)
        is_ready = summary is not None and summary.status == "True"
        if not isinstance(before, PipelineRun):
            self._metrics.ready.labels(kind, metadata.namespace, metadata.name).set(is_ready)
            pause = after.condition(ConditionType.PAUSED)
            is_paused = pause is not None and pause.status == "True"
            self._metrics.paused.labels(kind, metadata.namespace, metadata.name).set(is_paused)
        self._begin(before)
        match before, after:
            case PipelineRun(), PipelineRunStatus():
                self._observe_run(before, after)
            case Model(), ModelStatus():
                self._observe_champion(metadata.namespace, metadata.name, after)
                self._observe_rollout(before, after)
                self._observe_trial(before, after)
            case DriftMonitor(), DriftMonitorStatus():
                self._monitors.observe(before, after)
            case _:
                pass

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Remove the series of an object that is gone."""
        _remove(self._metrics.ready, kind, namespace, name)
        _remove(self._metrics.paused, kind, namespace, name)
        if kind == DRIFT_MONITOR.kind:
            self._monitors.forget(namespace, name)
        if kind == PIPELINE.kind:
            self._successes.pop((namespace, name), None)
            _remove(self._metrics.last_success, namespace, name)
            for result in RUN_RESULTS:
                _remove(self._metrics.run_duration, namespace, name, result)
        if kind == MODEL.kind:
            for state in ROLLOUT_ENDS:
                _remove(self._metrics.rollout_outcomes, namespace, name, state.value)
            self._end_trial(namespace, name)
        digest = self._champions.pop((namespace, name), None) if kind == MODEL.kind else None
        if digest is not None:
            _remove(self._metrics.model_info, namespace, name, digest)

    def _begin(self, before: TrimtabObject) -> None:
        """Let counters begin at 0: one whose first value is 1 hides that event from `increase`."""
        labels = (before.metadata.namespace, before.metadata.name)
        match before:
            case Pipeline():
                for result in RUN_RESULTS:
                    self._metrics.run_duration.labels(*labels, result)
            case Model():
                for state in ROLLOUT_ENDS:
                    self._metrics.rollout_outcomes.labels(*labels, state.value)
            case _:
                pass

    def _observe_run(self, run: PipelineRun, after: PipelineRunStatus) -> None:
        labels = (run.metadata.namespace, run.spec.pipeline)
        ended = after.completion_time
        if ended is None:
            return
        gates = after.condition("GatesPassed")
        if gates is not None and gates.status == "True":
            # Runs come in any order after a restart.
            latest = max(ended.timestamp(), self._successes.get(labels, 0.0))
            self._successes[labels] = latest
            self._metrics.last_success.labels(*labels).set(latest)
        if run.status.completion_time is not None:
            return
        result = "succeeded" if after.commit_digest else "failed"
        if after.start_time is not None:
            seconds = (ended - after.start_time).total_seconds()
            self._metrics.run_duration.labels(*labels, result).observe(seconds)
        if gates is not None:
            self._metrics.gate_outcomes.labels(*labels, gates.reason).inc()

    def _observe_rollout(self, model: Model, after: ModelStatus) -> None:
        rollout, known = after.rollout, model.status.rollout
        if rollout is None or rollout.state is RolloutState.PROGRESSING:
            return
        if known is None or (known.digest, known.state) != (rollout.digest, rollout.state):
            labels = (model.metadata.namespace, model.metadata.name, rollout.state.value)
            self._metrics.rollout_outcomes.labels(*labels).inc()

    def _observe_trial(self, model: Model, after: ModelStatus) -> None:
        """Show since when and until when a rollout waits, and for how many labels."""
        labels = (model.metadata.namespace, model.metadata.name)
        rules, challenger, rollout = model.spec.rollout, after.challenger, after.rollout
        if rules is None or challenger is None or rollout is None or on_trial(after) is None:
            self._end_trial(*labels)
            return
        started, evidence = challenger.since.timestamp(), rollout.evidence
        about = evidence is not None and evidence.digest == challenger.digest
        labelled = evidence.labelled if evidence is not None and about else 0
        self._metrics.rollout_started.labels(*labels).set(started)
        self._metrics.rollout_ends.labels(*labels).set(started + rules.max_seconds)
        self._metrics.rollout_missing.labels(*labels).set(max(rules.min_rows - labelled, 0))

    def _end_trial(self, *labels: str) -> None:
        metrics = self._metrics
        for gauge in (metrics.rollout_started, metrics.rollout_ends, metrics.rollout_missing):
            _remove(gauge, *labels)

    def _observe_champion(self, namespace: str, name: str, after: ModelStatus) -> None:
        digest = after.champion.digest if after.champion else None
        old = self._champions.get((namespace, name))
        if old == digest:
            return
        if old is not None:
            _remove(self._metrics.model_info, namespace, name, old)
        self._champions.pop((namespace, name), None)
        if digest is not None:
            self._champions[namespace, name] = digest
            self._metrics.model_info.labels(namespace, name, digest).set(1)


def _remove(metric: Counter | Gauge | Histogram, *labels: str) -> None:
    with contextlib.suppress(KeyError):
        metric.remove(*labels)
