"""Boxes of the serving side: version, server, evidence."""

from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.cli.diagram.decision_items import decision_items, state_of
from trimtab_operator.cli.diagram.picture import Box, Fact, State
from trimtab_operator.cli.diagram.retrain_items import retrain_items
from trimtab_operator.cli.diagram.run_boxes import RunView
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.states import OUTCOMES, is_true, summary_of
from trimtab_operator.cli.diagram.wording import ago, percent, short_digest, span
from trimtab_stages.contract.gates import Estimate, Metric, Outcome

SHOWN_ESTIMATES = 3
SHOWN_SIGNALS = 4
KIND = "Model version"
METRIC_WORDS = {
    Metric.BALANCED_ACCURACY: "bal. accuracy",
    Metric.ACCURACY: "accuracy",
    Metric.ROC_AUC: "ROC AUC",
    Metric.AVERAGE_PRECISION: "avg. precision",
    Metric.RECALL: "recall",
    Metric.PRECISION: "precision",
    Metric.FALSE_POSITIVE_RATE: "false pos. rate",
    Metric.LOG_LOSS: "log loss",
    Metric.CALIBRATION_ERROR: "calib. error",
}


def build_version(model: Model | None, view: RunView | None, scene: Scene) -> Box:
    """Return the box of the champion, else of the newest run's candidate."""
    champion = model.status.champion if model else None
    if champion is None:
        return _build_candidate(view, scene)
    facts = [
        Fact("digest", short_digest(champion.digest)),
        Fact("champion since", ago(champion.since, scene.now)),
    ]
    commit = scene.commits.get(champion.run or "")
    facts += _figures(commit.estimates) if commit else []
    if champion.snapshot:
        facts.append(Fact("trained on", short_digest(champion.snapshot)))
    if model is not None and model.status.history:
        facts.append(Fact("before it", f"{len(model.status.history)} versions"))
    if model is not None and model.status.challenger is not None:
        facts.append(Fact("challenger", model.status.challenger.run or "own ONNX file"))
    title = champion.run or "own ONNX file"
    link = scene.link(champion.key)
    return Box(
        KIND, title, State.GOOD, "Champion", tuple(facts), href=link, message=champion.digest
    )


def _build_candidate(view: RunView | None, scene: Scene) -> Box:
    commit = view.commit if view else None
    if commit is None:
        return Box(KIND, "none yet", State.WAITING, "Waiting", (Fact("digest", "-"),))
    file = commit.model.file
    figures = _figures(commit.estimates)
    word = "Candidate" if commit.outcome is Outcome.PASSED else "Rejected"
    return Box(
        KIND,
        commit.run,
        OUTCOMES[commit.outcome],
        word,
        (Fact("digest", short_digest(file.digest)), *figures),
        href=scene.link(file.key),
        message=file.digest,
    )


def _figures(estimates: list[Estimate]) -> list[Fact]:
    return [
        Fact(METRIC_WORDS[item.metric], _interval(item)) for item in estimates[:SHOWN_ESTIMATES]
    ]


def _interval(item: Estimate) -> str:
    """Return `0.92 (.90-.94)`: the estimate and its 95 % interval."""
    low, high = (f"{bound:.2f}".removeprefix("0") for bound in (item.low, item.high))
    return f"{item.value:.2f} ({low}-{high})"


def build_serving(model: Model | None, name: str) -> Box:
    """Return the box of the server's pods."""
    if model is None:
        nothing = (Fact("Model", "none declared"),)
        return Box("Serving", name, State.DECLARED, "NotDeclared", nothing)
    state, word, message = summary_of(model)
    status = model.status
    facts = (
        Fact("pods ready", f"{status.ready_replicas} of {model.spec.serving.replicas}"),
        Fact("protocol", "Open Inference v2"),
        Fact("plan", short_digest(status.plan_revision or "-")),
        Fact("address", (status.url or "-").removeprefix("http://")),
    )
    link = status.url or ""
    return Box("Serving", model.metadata.name, state, word, facts, href=link, message=message)


def build_monitor(monitor: DriftMonitor, scene: Scene) -> Box:
    """Return the box of what the newest window showed, what was decided, and what was retrained."""
    state, word, message = summary_of(monitor)
    last = monitor.status.decision
    facts = [Fact("mode", monitor.spec.mode), Fact("windows of", span(monitor.spec.window.seconds))]
    facts += [
        Fact(item.name, str(item.value) if item.value is not None else item.state)
        for item in monitor.status.signals[:SHOWN_SIGNALS]
    ]
    if last is not None:
        facts.append(Fact("decided", ago(last.time, scene.now)))
        if state is State.GOOD:
            state, word, message = state_of(last.outcome), last.outcome, last.message
        else:
            message = f"{message.rstrip('.')}. Decided last: {last.outcome}. {last.message}"
    report = monitor.status.evaluations[-1].report.key if monitor.status.evaluations else None
    return Box(
        "Monitor",
        monitor.metadata.name,
        state,
        word,
        tuple(facts),
        (*retrain_items(monitor, scene), *decision_items(monitor)),
        href=scene.link(report),
        message=message,
    )


def build_evidence(model: Model | None, scene: Scene) -> Box:
    """Return the box of what served traffic leaves behind, or of the DriftMonitor that reads it."""
    monitor = scene.monitor_of(model) if model is not None else None
    if monitor is not None:
        return build_monitor(monitor, scene)
    title = "panes, rows, labels"
    if model is None:
        return Box("Evidence", title, State.DECLARED, "NotDeclared")
    capture = model.spec.capture
    facts = (
        Fact("statistics per", span(capture.pane_seconds)),
        Fact("whole rows kept", percent(float(capture.fraction), 1)),
        Fact("written within", span(capture.flush_seconds)),
        Fact("decisions kept", "every row"),
    )
    collecting = is_true(model.status, ConditionType.SERVING)
    state, word = (State.ACTIVE, "Collecting") if collecting else (State.WAITING, "Waiting")
    return Box("Evidence", title, state, word, facts)
