"""The figures of the data report, as plain JSON values."""

from itertools import islice
from typing import Any

import numpy as np

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.ingest.assemble import Assembled
from trimtab_stages.ingest.curate import Curated
from trimtab_stages.ingest.frame import NO_SOURCE, Frame, Whole
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.split import SPLIT_NAMES
from trimtab_stages.ingest.trust import shown_time

TIME_BINS = 48
HISTOGRAM_BINS = 24
TOP_CATEGORIES = 12
EXAMPLES = 3
QUANTILES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0)

Figures = dict[str, Any]


def build_figures(
    manifest: SnapshotManifest, curated: Curated, assembled: Assembled, ledger: Ledger
) -> Figures:
    """Return everything that the report shows; rates are shares 0..1, costs seconds."""
    edges = _time_edges(curated.measured.time_ns, assembled.rows.time_ns)
    return {
        "dataset": manifest.dataset,
        "snapshot": manifest.digest,
        "rows": {
            "in": manifest.rows_in,
            "kept": manifest.rows_kept,
            "quarantined": manifest.rows_quarantined,
            "filtered": manifest.rows_filtered,
            "captured": manifest.captured_rows,
        },
        "seconds": round(sum(count.seconds for count in manifest.counts), 6),
        "rules": [count.to_wire() for count in manifest.counts],
        "examples": _examples(ledger),
        "timestamps": {
            "trusted": curated.time_trust.trusted,
            "findings": curated.time_trust.sentence(),
        },
        "ignoredColumns": list(curated.raw.ignored),
        "files": list(curated.raw.files),
        "splits": [split.to_wire() for split in manifest.splits],
        "target": manifest.target.to_wire(),
        "timeBins": [shown_time(int(edge)) for edge in edges[:-1]],
        "labelRate": _label_rates(assembled, edges),
        "missing": _missing(curated.measured, edges),
        "features": [_feature(assembled, feature) for feature in manifest.features],
    }


def _time_edges(*times: Whole) -> Whole:
    first = min(int(held.min()) for held in times)
    last = max(int(held.max()) for held in times) + 1
    edges = np.linspace(0, last - first, TIME_BINS + 1).astype(np.int64) + first
    return np.unique(edges)


def _examples(ledger: Ledger) -> dict[str, list[str]]:
    examples: dict[str, list[str]] = {}
    for line in ledger.raw.malformed[:EXAMPLES] if ledger.raw else ():
        examples.setdefault("Malformed", []).append(f"{line.file}:{line.row}: {line.reason}")
    for held in ledger.rejected:
        shown = examples.get(held.rule, [])
        different = dict.fromkeys([*shown, *held.reasons])
        examples[held.rule] = list(islice(different, EXAMPLES))
    return {rule: reasons for rule, reasons in examples.items() if reasons}


def _label_rates(assembled: Assembled, edges: Whole) -> list[float | None]:
    """Return the share of the rarest class (over all rows) in every time bin."""
    index = assembled.labels.index
    rarest = int(np.bincount(index, minlength=len(assembled.labels.classes)).argmin())
    where = _bins(assembled.rows.time_ns, edges)
    return _shares(index == rarest, where, len(edges) - 1)


def _missing(measured: Frame, edges: Whole) -> dict[str, list[float | None]]:
    """Return, for columns with missing values, their share in every time bin."""
    here = measured.take(measured.source != NO_SOURCE)
    where = _bins(here.time_ns, edges)
    lacking = {name: here.missing(name) for name in [*here.numbers, *here.categories]}
    return {
        name: _shares(missing, where, len(edges) - 1)
        for name, missing in lacking.items()
        if missing.any()
    }


def _bins(time_ns: Whole, edges: Whole) -> Whole:
    return np.searchsorted(edges, time_ns, side="right").astype(np.int64) - 1


def _shares(
    chosen: np.ndarray[Any, np.dtype[np.bool_]], where: Whole, bins: int
) -> list[float | None]:
    rows = np.bincount(where, minlength=bins)[:bins]
    hits = np.bincount(where[chosen], minlength=bins)[:bins]
    return [
        round(float(hit / count), 6) if count else None
        for hit, count in zip(hits, rows, strict=True)
    ]


def _feature(assembled: Assembled, feature: Feature) -> Figures:
    described: Figures = {"name": feature.name, "unit": feature.unit}
    if feature.kind is FeatureKind.CATEGORICAL:
        return described | {"categories": _top_categories(assembled, feature.name)}
    values = assembled.rows.numbers[feature.name]
    low, high = float(np.quantile(values, 0.005)), float(np.quantile(values, 0.995))
    edges = np.linspace(low, high if high > low else low + 1, HISTOGRAM_BINS + 1)
    clipped = np.clip(values, edges[0], edges[-1])
    return described | {
        "quantiles": {str(q): float(np.quantile(values, q)) for q in QUANTILES},
        "edges": [float(edge) for edge in edges],
        "counts": {
            name: np.histogram(clipped[assembled.split == number], edges)[0].tolist()
            for number, name in enumerate(SPLIT_NAMES)
        },
    }


def _top_categories(assembled: Assembled, name: str) -> dict[str, int]:
    held = assembled.rows.categories[name]
    counts = np.bincount(held.codes[held.codes >= 0], minlength=len(held.names))
    order = np.argsort(-counts, kind="stable")[:TOP_CATEGORIES]
    return {held.names[code]: int(counts[code]) for code in order.tolist()}
