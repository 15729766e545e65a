"""The data report as one self-contained HTML page."""

from collections.abc import Sequence
from html import escape

from trimtab_stages.ingest.report_figures import Figures
from trimtab_stages.ingest.svg import COLOURS, bars, line, share_bar

STYLE = """
body{font:14px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse}
td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1.2rem}
figure{margin:0}figcaption{font-size:.85rem;color:#444}svg{width:100%}
code{font-size:.85em;color:#444;overflow-wrap:anywhere}.doubt{color:#a33}
"""
DATE = 10
"""Characters of the date in an ISO 8601 time."""

SPLITS = ("train", "validation", "test")


def render_page(figures: Figures) -> str:
    """Return the page; it loads nothing and runs no script."""
    name = escape(figures["dataset"])
    sections = [
        _summary(figures),
        _rules(figures),
        _splits(figures),
        _label_rate(figures),
        _missing(figures),
        _features(figures),
        _source(figures),
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>Data report: {name}</title><style>{STYLE}</style></head><body>"
        f"<h1>Data report: {name}</h1><p><code>{escape(figures['snapshot'])}</code></p>"
        f"{''.join(sections)}</body></html>\n"
    )


def _summary(figures: Figures) -> str:
    rows = figures["rows"]
    parts = {name: rows[name] for name in ("kept", "filtered", "quarantined")}
    legend = ", ".join(
        f"<span style='color:{colour}'>&#9632;</span> {count} {_WORDS[name]}"
        for (name, count), colour in zip(parts.items(), COLOURS, strict=True)
    )
    captured = f" {rows['captured']} of those kept were captured." if rows["captured"] else ""
    doubts = figures["timestamps"]["findings"]
    times = f"<p class='doubt'>Time stamps: {escape(doubts)}.</p>" if doubts else ""
    return (
        f"<p>{rows['in']} rows came in: {legend}.{captured}"
        f" Cleaning took {figures['seconds']:.3f} s.</p>{share_bar(parts)}{times}"
    )


_WORDS = {"kept": "kept", "filtered": "set aside (not faulty)", "quarantined": "in quarantine"}


def _rules(figures: Figures) -> str:
    left, lines = figures["rows"]["in"], []
    for rule in figures["rules"]:
        left -= rule["quarantined"] + rule["filtered"]
        examples = figures["examples"].get(rule["rule"], [])
        lines.append(
            [
                escape(rule["rule"]),
                str(rule["quarantined"]),
                str(rule["filtered"]),
                str(rule["changed"]),
                str(left),
                f"{rule['seconds']:.3f}",
                "<br>".join(escape(example) for example in examples),
            ]
        )
    heads = ["rule", "quarantined", "set aside", "changed", "rows left", "seconds", "examples"]
    return f"<h2>Row flow and cost of each rule</h2>{_table(heads, lines, numeric=range(1, 6))}"


def _splits(figures: Figures) -> str:
    lines = [
        [
            split["name"],
            str(split["rows"]),
            escape(split["start"]),
            escape(split["end"]),
            f"{split['positiveRate']:.2%}" if "positiveRate" in split else "",
        ]
        for split in figures["splits"]
    ]
    heads = ["split", "rows", "from", "to", "positive"]
    return f"<h2>Splits</h2>{_table(heads, lines, numeric=(1, 4))}"


def _label_rate(figures: Figures) -> str:
    target = escape(figures["target"]["name"])
    caption = f"{target}: share of the rarest class, {_span(figures)}"
    chart = line(figures["labelRate"], f"label rate of {figures['target']['name']} over time")
    top = max((rate for rate in figures["labelRate"] if rate is not None), default=0.0)
    return _section("Label rate over time", [_figure(chart, f"{caption}; top of chart {top:.2%}")])


def _missing(figures: Figures) -> str:
    charts = [
        _figure(
            line(rates, f"missing values of {name} over time"),
            f"{escape(name)}: at most {max(r for r in rates if r is not None):.2%} missing",
        )
        for name, rates in figures["missing"].items()
    ]
    return _section("Missing values over time (in the source)", charts)


def _features(figures: Figures) -> str:
    charts = []
    for feature in figures["features"]:
        name = escape(feature["name"])
        unit = f" [{escape(feature['unit'])}]" if feature["unit"] else ""
        if "categories" in feature:
            counts = feature["categories"]
            chart = bars({"all": list(counts.values())}, f"categories of {feature['name']}")
            words = ", ".join(f"{escape(text)} {count}" for text, count in counts.items())
            charts.append(_figure(chart, f"{name}: {words}"))
            continue
        chart = bars(feature["counts"], f"histogram of {feature['name']}")
        low, high = feature["edges"][0], feature["edges"][-1]
        charts.append(_figure(chart, f"{name}{unit}: {low:.4g} to {high:.4g}"))
    keys = ", ".join(
        f"<span style='color:{colour}'>&#9632;</span> {split}"
        for split, colour in zip(SPLITS, COLOURS, strict=True)
    )
    return _section(f"Model inputs ({keys})", charts)


def _source(figures: Figures) -> str:
    files = ", ".join(escape(name) for name in figures["files"])
    ignored = ", ".join(escape(name) for name in figures["ignoredColumns"]) or "none"
    return f"<h2>Source</h2><p>Files: {files}.<br>Columns that no rule declares: {ignored}.</p>"


def _span(figures: Figures) -> str:
    return f"{figures['timeBins'][0][:DATE]} to {figures['timeBins'][-1][:DATE]}"


def _section(title: str, charts: Sequence[str]) -> str:
    body = f"<div class='charts'>{''.join(charts)}</div>" if charts else "<p>None.</p>"
    return f"<h2>{title}</h2>{body}"


def _figure(chart: str, caption: str) -> str:
    return f"<figure>{chart}<figcaption>{caption}</figcaption></figure>"


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]], numeric: Sequence[int]) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=n' if position in numeric else ''}>{cell}</{tag}>"
            for position, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row('td', cells)}</tr>" for cells in lines)
    return f"<table><tr>{row('th', heads)}</tr>{body}</table>"
