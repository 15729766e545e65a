"""Log lines of a child to what a person sees, and results to exit codes and tables."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from support.cli_objects import dataset, pipeline
from support.contract_samples import COMMIT, STORED
from support.contract_samples import SNAPSHOT as MANIFEST
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.kinds import BY_KIND
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.exits import ExitCode
from trimtab_operator.cli.local.progress import Bars, Lines, showing
from trimtab_operator.cli.local.summary import Summary, as_json, next_step, tables
from trimtab_operator.cli.local.walk import Ingested, Trained
from trimtab_stages.contract.gates import Outcome
from trimtab_stages.contract.run import Commit, IngestCommit


def progress(stage: str, done: int, of: int, **numbers: float) -> dict[str, Any]:
    return {
        "level": "info",
        "message": "progress",
        "progress": {"stage": stage, "done": done, "of": of, "numbers": numbers},
    }


LINES = [
    progress("preprocess", 1, 1),
    *(progress("train", epoch, 40, loss=1 / epoch) for epoch in range(1, 41)),
    {"level": "info", "message": "stage", "stage": "export", "cached": True},
    {"level": "info", "message": "stage", "stage": "evaluate", "cached": False},
    {"level": "warning", "message": "progress could not be written"},
    {"level": "error", "message": "ended", "termination": {"reason": "NaNLoss"}},
    {"level": "info", "message": "something else", "progress": "not a report"},
]


def shown(*, terminal: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, highlight=False)
    with showing(console, "Pipeline x") as view:
        assert isinstance(view, Bars if terminal else Lines)
        for line in LINES:
            view(line)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_pipes_get_a_few_lines() -> None:
    lines = shown(terminal=False).splitlines()
    assert lines == [
        "Pipeline x ...",
        "  preprocess 1/1",
        "  train 1/40  loss 1",
        "  train 10/40  loss 0.1",
        "  train 20/40  loss 0.05",
        "  train 30/40  loss 0.03333",
        "  train 40/40  loss 0.025",
        "  export cached",
        "! progress could not be written",
    ]


def test_terminals_get_bars() -> None:
    text = shown(terminal=True)
    for words in ("Pipeline x", "preprocess", "train", "40/40", "loss 0.025", "cached"):
        assert words in text
    assert "NaNLoss" not in text


def trained(outcome: Outcome, *, fresh: bool = True) -> Trained:
    item = BY_KIND["Pipeline"].parse(pipeline())
    assert isinstance(item, Pipeline)
    gate = COMMIT.gates[0].model_copy(update={"outcome": outcome})
    commit = COMMIT.model_copy(update={"outcome": outcome, "gates": [gate]})
    return Trained(item, Commit.model_validate(commit.model_dump()), fresh)


def ingested(*, fresh: bool = True) -> Ingested:
    item, commit = BY_KIND["Dataset"].parse(dataset()), STORED["ingest_commit"]
    assert isinstance(item, Dataset)
    assert isinstance(commit, IngestCommit)
    return Ingested(item, commit, MANIFEST, fresh)


def summary(*runs: Trained, fresh: bool = True) -> Summary:
    copies = {COMMIT.model.file.key: Path("/out/model.onnx")}
    return Summary([ingested(fresh=fresh)], runs, Path("/out/loop.svg"), copies)


def printed(result: Summary) -> str:
    console = Console(file=io.StringIO(), width=160, highlight=False)
    for part in tables(result):
        console.print(part)
    console.print(next_step(result, "-f x.yaml"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], ExitCode.OK),
        ([Outcome.PASSED], ExitCode.OK),
        ([Outcome.PASSED, Outcome.INCONCLUSIVE], ExitCode.INCONCLUSIVE),
        ([Outcome.INCONCLUSIVE, Outcome.FAILED, Outcome.PASSED], ExitCode.GATES_FAILED),
    ],
    ids=["none", "passed", "inconclusive", "failed"],
)
def test_the_worst_outcome_is_the_exit_code(outcomes: list[Outcome], code: ExitCode) -> None:
    assert summary(*(trained(outcome) for outcome in outcomes)).code is code


def test_tables_tell_everything() -> None:
    text = printed(summary(trained(Outcome.PASSED)))
    for words in (
        MANIFEST.digest,
        "quarantined",
        "Range",
        "train cached",
        "0.9000  [0.8500, 0.9500]",
        COMMIT.model.file.digest,
        "/out/model.onnx",
        "✓  parity  Passed",
        "Next: kubectl apply -f x.yaml",
    ):
        assert words in text
    assert "Nothing has changed" not in text


def test_failed_gates_are_named_with_the_next_step() -> None:
    text = printed(summary(trained(Outcome.FAILED)))
    assert "Not passed: demand/parity. Next: read the report" in text


def test_unchanged_results_are_said_to_be() -> None:
    result = summary(trained(Outcome.PASSED, fresh=False), fresh=False)
    assert result.unchanged
    assert "Nothing has changed" in printed(result)
    told = as_json(result)
    assert told["unchanged"] is True
    assert told["exitCode"] == 0


def test_the_threshold_goes_with_the_model() -> None:
    (told,) = json.loads(json.dumps(as_json(summary(trained(Outcome.PASSED)))))["pipelines"]
    assert told["model"] == {
        "digest": COMMIT.model.file.digest,
        "file": "/out/model.onnx",
        "threshold": COMMIT.model.threshold,
    }


def test_seconds_are_shown_where_a_stage_was_run() -> None:
    use = COMMIT.stages[0].model_copy(update={"cached": False})
    fresh = Trained(
        trained(Outcome.PASSED).pipeline, COMMIT.model_copy(update={"stages": [use]}), fresh=True
    )
    assert "train 1.5 s" in printed(summary(fresh))
