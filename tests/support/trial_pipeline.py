"""A small Pipeline and Model for trials of challengers: rows whose relation a file may turn."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from demo.installation import empty, upload
from replay.streams import SECOND_NS, Stream
from support.kubectl import Kubectl
from support.waiting import wait_until
from trimtab_stages.contract.features import Feature

NAME = "trial"
"""Of Dataset, Pipeline and Model."""
REPLICAS = 2
HOUR_NS = 3600 * SECOND_NS
START_NS = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) * SECOND_NS
FILE_ROWS, DAY_ROWS, LIVE_DAYS = 2000, 24, 3000
"""More days than are sent before the waits for three rollouts run out; all lie in the past."""
NOISE = 0.05
"""Share of labels that follow from nothing; without it a feature would be the target itself."""
CORRUPT = 0.4
"""Share of labels that are the wrong way round in the corrupted file."""
MARGIN = 0.1
"""How much worse than the champion a challenger may be; the models here are far from it."""
FEATURES = ("load", "strain")
FIRST, INVERTED, CORRUPTED = (f"raw/{name}.csv" for name in ("first", "inverted", "corrupted"))
SERVE_SECONDS = 400


def rows(count: int, seed: int, first_hour: int = 0) -> Stream:
    """Return hourly rows of one window: class 1 where `load` is positive. `strain` is below 0."""
    random = np.random.default_rng(seed)
    inputs = np.stack([random.uniform(-1, 1, count), random.uniform(-1, -0.1, count)], axis=1)
    right = inputs[:, 0] > 0
    time_ns = START_NS + (first_hour + np.arange(count, dtype=np.int64)) * HOUR_NS
    return Stream(
        name=f"{NAME}-{first_hour}",
        features=tuple(Feature(name=name) for name in FEATURES),
        time_ns=time_ns,
        inputs=inputs.astype(np.float32),
        truth=(right ^ (random.random(count) < NOISE)).astype(np.int64),
        edges_ns=np.array([time_ns[0], time_ns[-1] + HOUR_NS]),
        memory_ns=0,
    )


def live_rows() -> Stream:
    """Return the rows that are served: they follow the first file's relation, and come after it."""
    return rows(LIVE_DAYS * DAY_ROWS, seed=2, first_hour=FILE_ROWS)


def strained(stream: Stream) -> Stream:
    """Return rows as no file and no shadow has seen them: `strain` is above 0."""
    inputs = stream.inputs.copy()
    inputs[:, 1] = 1
    return replace(stream, name=f"{stream.name}-strained", inputs=inputs)


def raw_files() -> dict[str, bytes]:
    """Return the files by key: the relation as it is, turned round, and with labels at random."""
    stream = rows(FILE_ROWS, seed=1)
    wrong = np.random.default_rng(3).random(FILE_ROWS) < CORRUPT
    labels = {
        FIRST: stream.truth,
        INVERTED: 1 - stream.truth,
        CORRUPTED: np.where(wrong, 1 - stream.truth, stream.truth),
    }
    return {key: _csv(replace(stream, truth=truth)) for key, truth in labels.items()}


def _csv(stream: Stream) -> bytes:
    stamps = np.datetime_as_string(stream.time_ns.view("datetime64[ns]"), "s").tolist()
    lines = [
        f"{stamp},{truth},{load:.6f},{strain:.6f}"
        for stamp, truth, (load, strain) in zip(
            stamps, stream.truth.tolist(), stream.inputs.tolist(), strict=True
        )
    ]
    return "\n".join([f"ts,demand,{','.join(FEATURES)}", *lines, ""]).encode()


def dataset(key: str) -> dict[str, Any]:
    """Return the Dataset of one of the files."""
    features = [{"name": name, "availability": "KnownInAdvance"} for name in FEATURES]
    return _object(
        "Dataset",
        {
            "source": {"uri": key},
            "columns": [{"name": "demand", "role": "Source", "availability": "After"}, *features],
            "time": {"column": "ts"},
            "target": {"name": "busy", "column": "demand", "kind": "Above", "threshold": "0.5"},
            "compute": {"cpu": "200m", "memory": "512Mi"},
        },
    )


def pipeline() -> dict[str, Any]:
    """Return the Pipeline: a small network, trained in seconds."""
    compared = {"metric": "BalancedAccuracy"}
    return _object(
        "Pipeline",
        {
            "datasetRef": {"name": NAME},
            "model": {"hidden": [16]},
            "training": {"epochs": 20, "learningRate": "0.02", "weightAveraging": "0.9"},
            "compute": {"cpu": "1", "memory": "3Gi"},
            "gates": [
                {"name": "parity", "kind": "Parity"},
                {"name": "good-enough", "kind": "Metric", "min": "0.8"} | compared,
                {"name": "not-worse", "kind": "NonInferiority", "margin": "0.05"} | compared,
            ],
        },
    )


def model() -> dict[str, Any]:
    """Return the Model: every row is kept, and evidence comes within seconds."""
    return _object(
        "Model",
        {
            "pipelineRef": {"name": NAME},
            "serving": {"replicas": REPLICAS, "cpu": "150m"},
            "capture": {"fraction": "1", "paneSeconds": 86_400, "flushSeconds": 1},
            "rollout": {"minRows": 200, "margin": str(MARGIN)},
        },
    )


def _object(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    head = {"apiVersion": "trimtab.dev/v1alpha1", "kind": kind, "metadata": {"name": NAME}}
    return head | {"spec": spec}


def begin(kubectl: Kubectl) -> str:
    """Empty the namespace and go on to a Model that serves; returns its champion's digest."""
    empty(kubectl.namespace)
    for key, data in raw_files().items():
        upload(kubectl.namespace, key, data)
    for manifest in (dataset(FIRST), pipeline(), model()):
        kubectl.apply(manifest)
    kubectl.wait(f"model/{NAME}", "Ready", SERVE_SECONDS)
    return str(kubectl.get(f"model/{NAME}")["status"]["champion"]["digest"])


def train_on(kubectl: Kubectl, key: str, seconds: float) -> str:
    """Name another file in the Dataset; returns the run that it starts, once that has ended."""
    known = _runs(kubectl)
    kubectl.apply(dataset(key))

    def started() -> str | None:
        return next(iter(_runs(kubectl) - known), None)

    run = wait_until(started, seconds, interval=0.5, what="the next run")
    kubectl.wait(f"pipelinerun/{run}", "Complete", round(seconds))
    return run


def _runs(kubectl: Kubectl) -> set[str]:
    return {run["metadata"]["name"] for run in kubectl.get("pipelineruns")["items"]}
