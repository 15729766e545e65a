"""What the demo can play: the manifests, the raw file and the stream of each real data set.

Rules and guards of the DriftMonitor, and the rollout of the Model, are the same for all: those of
the example `bikes`. Only names, windows and features differ.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from demo.installation import CHART
from replay.streams import (
    CGM_BEGIN,
    CGM_MEMORY,
    EMPLOYMENT_BEGIN,
    EMPLOYMENT_MEMORY,
    FORTNIGHT,
    Stream,
    bikes,
    cgm,
    employment,
)
from support.datasets import CGM, bike_share, read_member

Manifest = dict[str, Any]
EXAMPLES = CHART / "examples"
MINUTE_NS = 60_000_000_000
MONTHS = 22
DAY = 86_400
LOOPING: Manifest = {
    "training": {"refitOnAll": True},
    "triggers": [{"type": "NewSnapshot"}, {"type": "Verdict"}],
}
"""What a Pipeline needs to be retrained on the newest rows."""
MOST_RUNS = 100
"""All runs are kept, so that the diagram and the figures can tell of each."""


@dataclass(frozen=True)
class Scenario:
    """One data set in the demo.

    Attributes:
        name: of Dataset, Pipeline, Model and DriftMonitor.
        title: for people.
        key: of the raw file in the bucket.
        raw: makes the raw file.
        manifests: Dataset, Pipeline, Model and DriftMonitor.
        stream: the rows to play, by a folder to work in and the number of windows.
        windows: how many there are.
        label_delay_ns: how long after its event a row's label is known.
        day_rows: rows of a day, which are played at once while a challenger is in the shadow.
        batch: rows of a request.
        must_retrain: a loop that never acts is short; else the figures are told as they are.
        most_retrains: goal.
        warm_minutes: goal of the whole demo where all images are built.
        goals: share of the staleness that the loop should cut, by the number of windows.
    """

    name: str
    title: str
    key: str
    raw: Callable[[], bytes]
    manifests: tuple[Manifest, ...]
    stream: Callable[[Path, int], Stream]
    windows: int
    label_delay_ns: int
    day_rows: int
    batch: int
    must_retrain: bool
    most_retrains: int
    warm_minutes: int
    goals: Mapping[int, float]


def bike_scenario() -> Scenario:
    """Return bike share from month 22."""
    return Scenario(
        name="bikes",
        title="Bike share: balanced accuracy per 30 days",
        key="raw/bikes.csv",
        raw=bike_share,
        manifests=(
            _example("bikes", "dataset"),
            _pipeline("bikes", "bikes"),
            _model("bikes", rows=30 * 24),
            _monitor("bikes", {}),
        ),
        stream=lambda folder, windows: bikes(folder, MONTHS, windows),
        windows=12,
        label_delay_ns=60 * MINUTE_NS,
        day_rows=24,
        batch=24,
        must_retrain=True,
        most_retrains=3,
        warm_minutes=8,
        goals={6: 0.5, 12: 0.7},
    )


def cgm_scenario() -> Scenario:
    """Return one person's glucose: is there a low within half an hour?"""
    begin = CGM_BEGIN + 3 * FORTNIGHT
    dataset = {
        "source": {"capture": _capture("cgm", CGM_MEMORY)},
        "time": {"end": _stamp(begin)},
        # Six weeks have few lows, and some days none.
        "target": {"minRate": "0", "maxRateChange": "1"},
    }
    return Scenario(
        name="cgm",
        title="Glucose: balanced accuracy of the alarm per 14 days",
        key="raw/cgm.csv.gz",
        raw=lambda: read_member(CGM),
        manifests=(
            _example("cgm", "dataset", dataset),
            _pipeline("cgm", "cgm", LOOPING),
            _model("cgm", rows=14 * 288),
            _monitor("cgm", _window(begin, days=14), features=["glucose", "isig"]),
        ),
        stream=cgm,
        # The data ends within the twelfth.
        windows=11,
        label_delay_ns=30 * MINUTE_NS,
        day_rows=288,
        batch=96,
        must_retrain=False,
        most_retrains=12,
        warm_minutes=40,
        goals={},
    )


def employment_scenario() -> Scenario:
    """Return the census of Massachusetts, which hardly drifts: the control."""
    stream = employment()
    names = [feature.name for feature in stream.features]
    source = {"uri": "raw/employment.parquet", "format": "Parquet"}
    dataset = {
        "source": source | {"capture": _capture("employment", EMPLOYMENT_MEMORY)},
        "time": {"column": "ts", "end": _stamp(EMPLOYMENT_BEGIN)},
        "columns": [
            *({"name": name} for name in names),
            {"name": "employed", "role": "Source", "availability": "After"},
        ],
        "target": {"name": "works", "column": "employed", "threshold": "0.5"},
    }
    return Scenario(
        name="employment",
        title="Employment: balanced accuracy per eighteenth of the rows",
        key="raw/employment.parquet",
        raw=lambda: _table(stream),
        manifests=(
            _named(_example("minimal", "dataset", dataset), "employment"),
            _pipeline("bikes", "employment", LOOPING),
            _model("employment", rows=8 * 1440),
            _monitor("employment", _window(EMPLOYMENT_BEGIN, days=8), features=names[:3]),
        ),
        stream=lambda _, windows: stream.first(windows),
        windows=stream.windows,
        label_delay_ns=MINUTE_NS,
        day_rows=1440,
        batch=240,
        must_retrain=False,
        most_retrains=1,
        warm_minutes=40,
        goals={},
    )


SCENARIOS: Mapping[str, Callable[[], Scenario]] = {
    "bikes": bike_scenario,
    "cgm": cgm_scenario,
    "employment": employment_scenario,
}


def _example(folder: str, kind: str, spec: Manifest | None = None) -> Manifest:
    written: Manifest = yaml.safe_load((EXAMPLES / folder / f"{kind}.yaml").read_text())
    return written | {"spec": _merged(written["spec"], spec or {})}


def _capture(model: str, memory: timedelta) -> Manifest:
    seconds = int(memory.total_seconds())
    return {"model": model, "policy": "SlidingWindow", "windowSeconds": seconds}


def _window(anchor: datetime, days: int) -> Manifest:
    return {"seconds": days * DAY, "anchor": _stamp(anchor)}


def _pipeline(folder: str, name: str, spec: Manifest | None = None) -> Manifest:
    """Return an example's Pipeline by another name; its spec changes by `spec`."""
    changes = (spec or {}) | {"historyLimit": MOST_RUNS}
    return _named(_example(folder, "pipeline", changes), name)


def _model(name: str, rows: int) -> Manifest:
    """Return the example's Model by another name; a rollout has the time of a window, in rows."""
    return _named(_example("bikes", "model", {"rollout": {"maxRows": rows}}), name)


def _monitor(name: str, window: Manifest, features: list[str] | None = None) -> Manifest:
    """Return the example's DriftMonitor without pauses of wall time: months take minutes here."""
    changes = {"window": window, "guards": {"failureBackoffSeconds": 0}}
    made = _named(_example("bikes", "monitor", changes), name)
    for signal in made["spec"]["signals"]:
        if signal["kind"] == "InputDrift":
            signal["features"] = features or signal["features"]
    return made


def _named(manifest: Manifest, name: str) -> Manifest:
    spec = {
        key: value | {"name": name} if key.endswith("Ref") else value
        for key, value in manifest["spec"].items()
    }
    return manifest | {"metadata": {"name": name}, "spec": spec}


def _merged(written: Manifest, changes: Manifest) -> Manifest:
    """Return a manifest's part with changes; lists are replaced."""
    inner = {
        key: _merged(written[key], value)
        for key, value in changes.items()
        if isinstance(value, dict) and isinstance(written.get(key), dict)
    }
    return written | changes | inner


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _table(stream: Stream) -> bytes:
    """Return all rows as a Parquet file with their times and labels."""
    columns: dict[str, Any] = {
        "ts": np.datetime_as_string(stream.time_ns.view("datetime64[ns]"), "s")
    }
    for place, feature in enumerate(stream.features):
        columns[feature.name] = stream.inputs[:, place]
    columns["employed"] = stream.truth.astype(np.float32)
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()
