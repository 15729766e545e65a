"""The run report: one self-contained HTML page; it loads nothing and runs no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from trimtab_stages.contract.gates import Estimate
from trimtab_stages.contract.run import Commit, RunSpec
from trimtab_stages.evaluate.charts import draw_confusion, draw_losses, draw_reliability
from trimtab_stages.evaluate.evaluation import Evaluation

STYLE = """
body{font:14px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse}
td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:1.2rem}
figure{margin:0}figcaption{font-size:.85rem;color:#444}svg{width:100%}
code{font-size:.85em;overflow-wrap:anywhere}
.Passed{color:#1a7f37}.Failed{color:#b3261e}.Inconclusive{color:#8a6100}
.bar{background:#e7e7e7;width:10rem}.bar div{background:#c98a1b;height:.7rem}
"""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What the report shows.

    Attributes:
        spec: what the run was told.
        commit: its commit, without the report.
        evaluation: result of stage `evaluate`.
        curve: learning curve, one mapping per epoch.
    """

    spec: RunSpec
    commit: Commit
    evaluation: Evaluation
    curve: Sequence[Mapping[str, float]]


def render_report(facts: ReportFacts) -> str:
    """Return the page."""
    name = escape(facts.spec.run)
    sections = (
        _head(facts),
        _gates(facts.commit),
        _charts(facts),
        _estimates("Metrics on the test split", facts.commit.estimates),
        _champion(facts.evaluation),
        _levers(facts.commit),
        _stages(facts.commit),
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>Run {name}</title><style>{STYLE}</style></head><body>"
        f"<h1>Run {name}: <span class='{facts.commit.outcome}'>{facts.commit.outcome}</span></h1>"
        f"{''.join(sections)}</body></html>\n"
    )


def _head(facts: ReportFacts) -> str:
    commit, evaluation = facts.commit, facts.evaluation
    rows = [
        ["Pipeline", facts.spec.pipeline],
        ["Trigger", f"{facts.spec.trigger}, {facts.spec.trigger_id}"],
        ["Snapshot", commit.snapshot],
        ["Model", commit.model.file.digest],
    ]
    if commit.judged is not None:
        rows.append(["Judged before the refit", commit.judged.digest])
    if evaluation.served_threshold is not None:
        rows.append(["Threshold", f"{evaluation.served_threshold:.6g}"])
    return _table([], [[escape(first), _code(second)] for first, second in rows])


def _gates(commit: Commit) -> str:
    rows = [
        [
            escape(gate.name),
            escape(gate.kind),
            f"<span class='{gate.outcome}'>{gate.outcome}</span>",
            escape(gate.message),
        ]
        for gate in commit.gates
    ]
    return f"<h2>Gates</h2>{_table(['gate', 'kind', 'outcome', 'numbers'], rows)}"


def _charts(facts: ReportFacts) -> str:
    kept = max(1, int(_number(facts.commit, "bestEpoch")))
    figures = [
        (draw_losses(facts.curve, kept), f"Loss by epoch, nats; epoch {kept} is kept"),
        (draw_confusion(facts.commit.confusion), "Confusion matrix on the test split"),
        (draw_reliability(facts.evaluation.reliability), "Claimed against observed probability"),
    ]
    drawn = "".join(
        f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        for svg, caption in figures
    )
    return f"<h2>Training and decisions</h2><div class='charts'>{drawn}</div>"


def _number(commit: Commit, name: str) -> float:
    return next(
        (use.result.numbers[name] for use in commit.stages if name in use.result.numbers), 0.0
    )


def _estimates(title: str, estimates: Sequence[Estimate]) -> str:
    rows = [
        [
            escape(estimate.metric),
            *(f"{value:.4f}" for value in (estimate.value, estimate.low, estimate.high)),
            str(estimate.samples),
        ]
        for estimate in estimates
    ]
    heads = ["metric", "value", "95 % from", "to", "rows"]
    return f"<h2>{escape(title)}</h2>{_table(heads, rows, numeric=range(1, 5))}"


def _champion(evaluation: Evaluation) -> str:
    note = f"<p>{escape(evaluation.comparison)}</p>"
    if not evaluation.versus_champion:
        return f"<h2>Against the champion</h2>{note}"
    title = "Against the champion (challenger - champion, same rows)"
    return _estimates(title, evaluation.versus_champion) + note


def _levers(commit: Commit) -> str:
    rows = [
        [
            escape(lever.name),
            f"<div class='bar'><div style='width:{100 * lever.loss:.1f}%'></div></div>",
            f"{lever.loss:.4f}",
            "" if lever.limit is None else f"{lever.limit:g}",
            str(lever.columns_in),
            str(lever.columns_out),
            f"{lever.seconds:.4f}",
        ]
        for lever in commit.evidence.levers
    ]
    heads = ["lever", "information loss", "", "limit", "columns in", "out", "seconds"]
    return f"<h2>Levers</h2>{_table(heads, rows, numeric=range(2, 7))}"


def _stages(commit: Commit) -> str:
    rows = [
        [
            escape(use.result.stage),
            "from cache" if use.cached else f"{use.result.seconds:.2f} s",
            _code(use.result.key),
        ]
        for use in commit.stages
    ]
    return f"<h2>Stages</h2>{_table(['stage', 'how', 'key'], rows)}"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], numeric: range = range(0)) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td class='n'>{cell}</td>" if column in numeric else f"<td>{cell}</td>"
            for column, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
