"""Boxes of the training side: triggers, run, gates."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.pipeline import AutomaticTrigger, Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cli.diagram.picture import Box, Fact, Item, State
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.states import OUTCOMES, is_true, summary_of
from trimtab_operator.cli.diagram.wording import ago, span
from trimtab_stages.contract.gates import Gate, GateKind, GateResult, Outcome, overall
from trimtab_stages.contract.layout import run_commit
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import Commit, StageName

SHOWN_GATES = 5


@dataclass(frozen=True, slots=True)
class RunView:
    """One run: from the cluster, from its commit, or from both."""

    name: str
    run: PipelineRun | None
    commit: Commit | None

    @property
    def gates(self) -> list[GateResult]:
        """The operator's judgement where there is one, else the pod's own."""
        if self.run is not None and self.run.status.gates:
            return list(self.run.status.gates)
        return list(self.commit.gates) if self.commit else []

    @property
    def complete(self) -> bool:
        """Whether it has a commit."""
        if self.commit is not None:
            return True
        return self.run is not None and is_true(self.run.status, ConditionType.COMPLETE)

    @property
    def failed(self) -> bool:
        """Whether it ended without a commit."""
        return self.run is not None and is_true(self.run.status, ConditionType.FAILED)

    @property
    def active(self) -> bool:
        """Whether it is at work."""
        return self.run is not None and not self.complete and not self.failed


def view_run(pipeline: Pipeline, scene: Scene) -> RunView | None:
    """Return the newest run of a Pipeline, or None before the first."""
    run = scene.newest_run_of(pipeline)
    name = run.metadata.name if run else scene.local_runs.get(pipeline.metadata.name)
    return RunView(name, run, scene.commits.get(name)) if name else None


def build_trigger(pipeline: Pipeline, view: RunView | None, scene: Scene) -> Box:
    """Return the box of what may start a run, and what did last."""
    facts = [Fact("may start", _cause(item.type, item.cron)) for item in pipeline.spec.triggers]
    facts.append(Fact("and", "a person's request"))
    upcoming = pipeline.status.next_schedule_time
    if upcoming is not None:
        facts.append(Fact("next", ago(upcoming, scene.now) if upcoming > scene.now else "due"))
    if pipeline.spec.suspend:
        return Box("Trigger", "suspended", State.PAUSED, "Suspended", tuple(facts))
    if view is None:
        return Box("Trigger", "no cause yet", State.WAITING, "Waiting", tuple(facts))
    run = view.run
    title = run.spec.trigger.value if run else "Request"
    message = run.spec.trigger_message if run else "trimtab run"
    facts.append(Fact("last", ago(_start_of(run), scene.now) if run else "now"))
    return Box("Trigger", title, State.GOOD, "Fired", tuple(facts), message=message)


def _cause(kind: AutomaticTrigger, cron: str | None) -> str:
    match kind:
        case AutomaticTrigger.NEW_SNAPSHOT:
            return "a new snapshot"
        case AutomaticTrigger.SCHEDULE:
            return f"cron {cron}"
        case AutomaticTrigger.VERDICT:
            return "a monitor's verdict"


def _start_of(run: PipelineRun | None) -> datetime | None:
    return run.status.start_time or run.metadata.creation_timestamp if run else None


def build_run(pipeline: Pipeline, view: RunView | None, scene: Scene) -> Box:
    """Return the box of the run with its stages."""
    if view is None:
        items = tuple(Item(State.WAITING, stage.value) for stage in _stages(pipeline.spec))
        return Box(
            "Run", pipeline.metadata.name, State.WAITING, "NoRunYet", items=items, sequence=True
        )
    state, word, message = _run_state(view)
    facts: list[Fact] = []
    run = view.run
    recipe = run.spec.recipe if run else pipeline.spec
    if run is not None:
        facts.append(Fact("attempts", f"{run.status.attempts} of {run.spec.compute.max_attempts}"))
        facts.append(Fact("took" if run.status.completion_time else "since", _took(run, scene)))
    return Box(
        "Run",
        view.name,
        state,
        word,
        tuple(facts),
        tuple(_stage_item(stage, view) for stage in _stages(recipe)),
        href=scene.link(_report_key(view)),
        message=message,
        sequence=True,
    )


def _stages(recipe: Recipe) -> list[StageName]:
    refit = recipe.training.refit_on_all
    return [stage for stage in StageName if refit or stage is not StageName.REFIT]


def _report_key(view: RunView) -> str | None:
    if view.commit is not None and view.commit.report is not None:
        return view.commit.report.key
    return run_commit(view.name) if view.complete else None


def _run_state(view: RunView) -> tuple[State, str, str]:
    if view.run is not None and view.failed:
        return summary_of(view.run)
    if view.complete:
        return State.GOOD, "Committed", f"runs/{view.name}/commit.json is written"
    progress = view.run.status.progress if view.run else None
    return State.ACTIVE, "Running", progress.message if progress else "starting"


def _took(run: PipelineRun, scene: Scene) -> str:
    start, end = _start_of(run), run.status.completion_time or scene.now
    return span(max(0.0, (end - start).total_seconds())) if start else "-"


def _stage_item(stage: StageName, view: RunView) -> Item:
    if view.commit is not None:
        return _finished_stage(stage, view.commit)
    progress = view.run.status.progress if view.run else None
    order = list(StageName)
    current = order.index(StageName(progress.stage)) if progress else -1
    position = order.index(stage)
    if view.complete or position < current:
        return Item(State.GOOD, stage.value, "done")
    if position > current or progress is None:
        return Item(State.WAITING, stage.value)
    done = progress.done / progress.of if progress.of else 0.0
    state = State.BAD if view.failed else State.ACTIVE
    return Item(
        state, stage.value, f"{progress.done} / {progress.of}", progress.message, min(done, 1.0)
    )


def _finished_stage(stage: StageName, commit: Commit) -> Item:
    use = next((item for item in commit.stages if item.result.stage is stage), None)
    if use is None:
        return Item(State.WAITING, stage.value)
    seconds = span(use.result.seconds)
    return Item(State.GOOD, stage.value, f"cached, {seconds}" if use.cached else seconds)


def build_gates(pipeline: Pipeline, view: RunView | None, scene: Scene) -> Box:
    """Return the box of the gates: outcomes of the newest run, or what it will have to show."""
    results = view.gates if view else []
    if view is None or not results:
        items = tuple(
            Item(State.WAITING, gate.name, "", _asks(gate)) for gate in pipeline.spec.gates
        )
        title = f"{len(items)} to pass" if items else "none"
        return Box("Gates", title, State.WAITING, "Waiting", items=_shortened(items))
    passed = sum(result.outcome is Outcome.PASSED for result in results)
    outcome = overall(results)
    items = tuple(
        _result(result)
        for result in sorted(results, key=lambda result: result.outcome is Outcome.PASSED)
    )
    title = f"{passed} of {len(results)} passed"
    link = scene.link(_report_key(view))
    return Box("Gates", title, OUTCOMES[outcome], outcome.value, (), _shortened(items), link)


def _result(result: GateResult) -> Item:
    state = OUTCOMES.get(result.outcome, State.ATTENTION)
    return Item(state, result.name, result.outcome.value, result.message)


def _asks(gate: Gate) -> str:
    """Return what a candidate will have to show; limits without a number are the defaults."""
    match gate.kind:
        case GateKind.METRIC if gate.min is not None:
            return f"{gate.metric} at least {gate.min}"
        case GateKind.METRIC:
            return f"{gate.metric} at most {gate.max}"
        case GateKind.NON_INFERIORITY:
            return f"{gate.metric} not worse than the champion's by {gate.margin or '0.01'}"
        case GateKind.PARITY:
            return f"ONNX answers as torch does, within {gate.max or '0.0001'}"
        case GateKind.LEARNING_CURVE:
            return f"validation loss at most {gate.max or 2} x training loss"
        case GateKind.INFORMATION_LOSS:
            return "every lever within its own limit"
        case _:
            assert_never(gate.kind)


def _shortened(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if len(items) <= SHOWN_GATES:
        return items
    rest = items[SHOWN_GATES - 1 :]
    worst = next((item.state for item in rest if item.state is not State.GOOD), State.GOOD)
    return (*items[: SHOWN_GATES - 1], Item(worst, f"and {len(rest)} more"))
