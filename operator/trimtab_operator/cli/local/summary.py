"""What a local run gave, as tables and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from trimtab_operator.cli.diagram.wording import count, short_digest, span
from trimtab_operator.cli.exits import ExitCode
from trimtab_operator.cli.local.walk import Ingested, Trained
from trimtab_operator.cli.terminal import BAD, OK
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.gates import GateResult, Outcome
from trimtab_stages.contract.run import StageUse

MARKS = {
    Outcome.PASSED: (OK, "green"),
    Outcome.FAILED: (BAD, "bold red"),
    Outcome.INCONCLUSIVE: ("?", "yellow"),
}
CODES = {
    Outcome.PASSED: ExitCode.OK,
    Outcome.FAILED: ExitCode.GATES_FAILED,
    Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}
SEVERITY = (ExitCode.OK, ExitCode.INCONCLUSIVE, ExitCode.GATES_FAILED, ExitCode.ERROR)


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that one `trimtab run` did."""

    ingested: Sequence[Ingested]
    trained: Sequence[Trained]
    picture: Path
    copies: Mapping[str, Path]
    """Readable copies of reports and models by store key."""

    def place_of(self, artifact: ArtifactRef | None) -> str:
        """Return where a person finds an artefact; a dash where there is none."""
        return str(self.copies.get(artifact.key, artifact.key)) if artifact else "-"

    @property
    def code(self) -> ExitCode:
        """Exit code: that of the worst outcome."""
        codes = [CODES[item.commit.outcome] for item in self.trained]
        return max(codes, key=SEVERITY.index, default=ExitCode.OK)

    @property
    def unchanged(self) -> bool:
        """Whether nothing had to be done."""
        fresh = [item.fresh for item in self.ingested] + [item.fresh for item in self.trained]
        return not any(fresh)


def tables(summary: Summary) -> Iterator[RenderableType]:
    """Yield what is printed at the end."""
    for ingested in summary.ingested:
        yield from _about_snapshot(ingested, summary)
    for trained in summary.trained:
        yield from _about_run(trained, summary)
    if summary.unchanged:
        yield Text("Nothing has changed: every result above was there already.", "bold")


def _about_snapshot(item: Ingested, summary: Summary) -> Iterator[RenderableType]:
    manifest = item.manifest
    yield _title(f"Dataset {item.dataset.metadata.name}", fresh=item.fresh)
    facts = _facts()
    facts.add_row("snapshot", manifest.digest)
    facts.add_row("rows in", count(manifest.rows_in))
    facts.add_row("kept", count(manifest.rows_kept))
    facts.add_row("filtered", count(manifest.rows_filtered))
    facts.add_row("quarantined", count(manifest.rows_quarantined))
    facts.add_row("splits", ", ".join(f"{one.name} {count(one.rows)}" for one in manifest.splits))
    facts.add_row("report", summary.place_of(manifest.report))
    yield facts
    effects = [rule for rule in manifest.counts if rule.quarantined or rule.changed]
    if effects:
        table = Table("rule", "quarantined", "changed", box=None, pad_edge=True)
        for rule in effects:
            table.add_row(f"  {rule.rule}", count(rule.quarantined), count(rule.changed))
        yield table


def _about_run(item: Trained, summary: Summary) -> Iterator[RenderableType]:
    commit = item.commit
    yield _title(f"Pipeline {item.pipeline.metadata.name}", fresh=item.fresh)
    facts = _facts()
    facts.add_row("run", commit.run)
    facts.add_row("stages", ", ".join(_stage(use, fresh=item.fresh) for use in commit.stages))
    for estimate in commit.estimates:
        interval = f"[{estimate.low:.4f}, {estimate.high:.4f}]"
        words = f"{estimate.value:.4f}  {interval}  on {count(estimate.samples)} rows"
        facts.add_row(Text(estimate.metric), Text(words))
    facts.add_row("model", commit.model.file.digest)
    facts.add_row("", summary.place_of(commit.model.file))
    facts.add_row("report", summary.place_of(commit.report))
    yield facts
    gates = Table("", "gate", "outcome", "evidence", box=None)
    for gate in commit.gates:
        mark, style = MARKS[gate.outcome]
        gates.add_row(Text(mark, style), gate.name, Text(gate.outcome, style), Text(gate.message))
    yield gates


def _title(words: str, *, fresh: bool) -> Text:
    return Text.assemble("\n", (words, "bold"), ("" if fresh else "  (unchanged)", "dim"))


def _facts() -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    return table


def _stage(use: StageUse, *, fresh: bool) -> str:
    cached = use.cached or not fresh
    return f"{use.result.stage} {'cached' if cached else span(use.result.seconds)}"


def as_json(summary: Summary) -> dict[str, object]:
    """Return the same as a JSON value."""
    return {
        "exitCode": int(summary.code),
        "unchanged": summary.unchanged,
        "datasets": [_dataset_json(item, summary) for item in summary.ingested],
        "pipelines": [_pipeline_json(item, summary) for item in summary.trained],
        "picture": str(summary.picture),
    }


def _dataset_json(item: Ingested, summary: Summary) -> dict[str, object]:
    manifest = item.manifest
    return {
        "name": item.dataset.metadata.name,
        "unchanged": not item.fresh,
        "snapshot": manifest.digest,
        "rowsIn": manifest.rows_in,
        "rowsKept": manifest.rows_kept,
        "rowsFiltered": manifest.rows_filtered,
        "rowsQuarantined": manifest.rows_quarantined,
        "rules": [rule.to_wire() for rule in manifest.counts],
        "report": summary.place_of(manifest.report),
    }


def _pipeline_json(item: Trained, summary: Summary) -> dict[str, object]:
    commit = item.commit
    return {
        "name": item.pipeline.metadata.name,
        "unchanged": not item.fresh,
        "run": commit.run,
        "outcome": commit.outcome.value,
        "stages": [
            {
                "stage": use.result.stage.value,
                "cached": use.cached or not item.fresh,
                "seconds": use.result.seconds,
            }
            for use in commit.stages
        ],
        "estimates": [estimate.to_wire() for estimate in commit.estimates],
        "gates": [gate.to_wire() for gate in commit.gates],
        "model": {
            "digest": commit.model.file.digest,
            "file": summary.place_of(commit.model.file),
            "threshold": commit.model.threshold,
        },
        "report": summary.place_of(commit.report),
    }


def next_step(summary: Summary, files: str) -> Text:
    """Return one sentence: what to do with this."""
    failed = [
        f"{item.pipeline.metadata.name}/{gate.name}"
        for item in summary.trained
        for gate in _not_passed(item.commit.gates)
    ]
    if failed:
        words = (
            f"Not passed: {', '.join(failed)}. Next: read the report, edit the recipe, run again"
        )
        return Text(f"{words}; only what the edit changes is run.", "bold yellow")
    name = short_digest(summary.trained[-1].commit.model.file.digest) if summary.trained else ""
    made = f"Model {name} passed its gates. " if name else ""
    return Text(f"{made}Next: kubectl apply {files}", "bold green")


def _not_passed(gates: Sequence[GateResult]) -> list[GateResult]:
    return [gate for gate in gates if gate.outcome is not Outcome.PASSED]
