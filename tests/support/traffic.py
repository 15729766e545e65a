"""A Model's traffic as its servers leave it in the bucket: written by the server's own code."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from support import graphs
from support.contract_samples import COMMIT
from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.contract.decision_record import digest_prefix
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.run import ConfusionMatrix
from trimtab_stages.contract.serving_plan import (
    NumericReference,
    PlanVersion,
    ReferenceProfile,
    ServingPlan,
)
from trimtab_stages.serve.model.run_estimate import Pace
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.observe.feedback import FeedbackBuffer, read_labels
from trimtab_stages.serve.observe.observer import Naming, Observer
from trimtab_stages.serve.observe.outbox import Outbox, Outgoing
from trimtab_stages.serve.observe.writer_log import WriterLog
from trimtab_stages.serve.oip.tensors import Limits
from trimtab_stages.serve.plan.version import LoadedModel, ServedVersion, VersionSettings
from trimtab_stages.serve.settings import RunSettings
from trimtab_stages.store import Store

MODEL = "bikes"
CLASSES = ("calm", "busy")
CELLS = 10
SCORE_CELLS = 50
SECOND_NS = 1_000_000_000
PACE = Pace(mergeable=True, run_seconds=0, row_seconds=0)

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Trained:
    """A version whose run has a commit in the bucket.

    Attributes:
        run: name of its run.
        digest: digest of its graph.
        served: as a server holds it.
        classes: class names in index order.
    """

    run: str
    digest: str
    served: ServedVersion
    classes: Sequence[str] = CLASSES

    def status(self, since: datetime) -> dict[str, object]:
        """Return the version as a Model's status names it."""
        stamp = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        key = layout.blob(self.digest)
        return {"digest": self.digest, "key": key, "run": self.run, "since": stamp}


@contextmanager
def trained(
    store: Store, folder: Path, run: str, features: int = 3, sign: float = 1.0
) -> Iterator[Trained]:
    """Store graph and commit of a run whose model looks at the first feature alone."""
    weights = np.zeros((features, 1), np.float32)
    weights[0] = sign * (4.0 + len(run))
    graph = graphs.linear_scores(weights)
    path = folder / f"{run}.onnx"
    path.write_bytes(graph)
    names = [f"f{number}" for number in range(features)]
    model = OnnxModel(path, threads=1)
    rows = normal_rows(4000, features, seed=1)
    profile = _reference(names, rows, model.run({"features": rows})["score"])
    digest = digest_of_bytes(graph)
    store.put_if_absent(layout.blob(digest), graph)
    reference = _store_profile(store, profile)
    store.put_if_absent(layout.run_commit(run), _commit(run, digest, reference))
    plan = PlanVersion(
        digest=digest,
        key=layout.blob(digest),
        threshold=0.5,
        classes=list(CLASSES),
        features=[Feature(name=name) for name in names],
        reference=reference,
    )
    settings = VersionSettings(RunSettings(), Limits())
    served = ServedVersion(plan, LoadedModel(model, PACE, profile), settings)
    yield Trained(run, digest, served)


def normal_rows(count: int, features: int = 3, *, seed: int = 0, shift: float = 0.0) -> Matrix:
    """Return rows of standard normal features; the first is shifted."""
    rows = np.random.default_rng(seed).normal(size=(count, features)).astype(np.float32)
    rows[:, 0] += shift
    return rows


class _AtOnce(Outbox):
    """Writes what it is offered before it returns."""

    def __init__(self, store: Store, lost: frozenset[tuple[str, int]]) -> None:
        super().__init__(lambda: store, most_bytes=1 << 30)
        self._store = store
        self._lost = lost
        self._offered: dict[str, int] = {}

    def offer(self, item: Outgoing) -> bool:
        """Write an object, unless it is one that gets lost."""
        number = self._offered.get(item.kind, 0)
        self._offered[item.kind] = number + 1
        if (item.kind, number) not in self._lost:
            self._store.put_if_absent(item.key, item.encode())
        return True


@dataclass
class ServerPod:
    """One server process of the Model.

    Attributes:
        store: the bucket.
        name: name of the pod.
        model: name of the Model.
        pane_seconds: length of its event-time buckets.
        capture_fraction: share of the requests that is kept whole.
        lost: objects (kind, sequence number) that never reach the bucket.
        lost_rows: rows that the process before it took with it.
        classes: classes that labels may name.
        start: when it began, nanoseconds since 1970.
        flush_seconds: longest time between two flushes, as it says.
        says_states: it says whether something is unwritten; older servers do not.
    """

    store: Store
    name: str = "bikes-0"
    model: str = MODEL
    pane_seconds: int = 60
    capture_fraction: float = 1.0
    lost: frozenset[tuple[str, int]] = frozenset()
    lost_rows: int = 0
    classes: Sequence[str] = CLASSES
    start: int = 1 << 60
    flush_seconds: int = 10
    says_states: bool = True
    _received_ns: int = field(init=False, default=0)
    _log: WriterLog = field(init=False)
    _observer: Observer = field(init=False)
    _feedback: FeedbackBuffer = field(init=False)

    def __post_init__(self) -> None:
        outbox = _AtOnce(self.store, self.lost)
        naming = Naming(self.name, self.start)
        entry = PlanVersion(digest=f"sha256:{'0' * 64}", key="k")
        plan = ServingPlan(
            model=self.model,
            versions=[entry],
            capture_fraction=self.capture_fraction,
            pane_seconds=self.pane_seconds,
            flush_seconds=self.flush_seconds,
        )
        said = plan if self.says_states else None
        self._log = WriterLog(naming, outbox, lambda: said, lambda: self._received_ns)
        self._observer = Observer(plan, naming, outbox, self.lost_rows)
        self._feedback = FeedbackBuffer(naming, outbox, self._log.note)

    def answer(
        self,
        version: Trained,
        name: str,
        rows: Matrix,
        *,
        event: ArrayLike,
        received: float,
        shadow: bool = False,
    ) -> NDArray[np.int64]:
        """Answer one request and return its decisions.

        Args:
            version: which one answers.
            name: inference id.
            rows: float32 [n, F].
            event: event time of all rows or of each, seconds since 1970.
            received: arrival, seconds since 1970.
            shadow: scored after the reply of another version.
        """
        inputs = {"features": rows}
        results = version.served.model.run(inputs)
        answered = Answered(
            id=name,
            inputs=inputs,
            results=results,
            rows=len(rows),
            size=0,
            event_time=(np.asarray(event) * SECOND_NS).astype(np.int64),
            received_ns=round(received * SECOND_NS),
            revision_prefix=digest_prefix(version.digest),
        )
        self._received_ns = answered.received_ns
        self._log.note()
        self._observer.note(version.served, answered, shadow=shadow)
        return results["decision"].astype(np.int64)

    def label(
        self,
        name: str,
        truth: Sequence[str],
        *,
        received: float,
        event: float | None = None,
    ) -> None:
        """Take the labels of a request's rows, as the server's endpoint does."""
        told = {} if event is None else {"event_time": round(event * SECOND_NS)}
        labels = [
            {"id": name, "row": row, "label": label} | told for row, label in enumerate(truth)
        ]
        body = json.dumps({"labels": labels}).encode()
        self._received_ns = round(received * SECOND_NS)
        self._feedback.add(read_labels(body, self.classes), self._received_ns)

    def flush(self) -> None:
        """Write what waits."""
        self._observer.flush()
        self._feedback.flush(self.model)
        self._log.flushed()
        self._log.restate()

    def idle(self, until: float) -> None:
        """Flush with nothing to write, at an instant in seconds since 1970."""
        self._received_ns = round(until * SECOND_NS)
        self.flush()

    def end(self) -> None:
        """End orderly."""
        self.flush()
        self._log.rest()


def instant(seconds: float) -> datetime:
    """Return an instant by its seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _reference(names: Sequence[str], rows: Matrix, scores: Matrix) -> ReferenceProfile:
    edges = np.quantile(rows, np.arange(1, CELLS) / CELLS, axis=0).astype(np.float32)
    cells = np.minimum((scores * SCORE_CELLS).astype(np.int64), SCORE_CELLS - 1)
    numeric = [
        NumericReference(
            name=name,
            edges=edges[:, column].tolist(),
            counts=_counts(edges[:, column], rows[:, column]),
            mean=float(rows[:, column].mean(dtype=np.float64)),
            std=float(rows[:, column].std(dtype=np.float64)),
        )
        for column, name in enumerate(names)
    ]
    return ReferenceProfile(
        snapshot=COMMIT.snapshot,
        rows=len(rows),
        numeric=numeric,
        score_counts=np.bincount(cells, minlength=SCORE_CELLS).tolist(),
    )


def _counts(edges: Matrix, values: Matrix) -> list[int]:
    cells = edges.searchsorted(values, "right")
    counts: list[int] = np.bincount(cells, minlength=len(edges) + 1).tolist()
    return counts


def _store_profile(store: Store, profile: ReferenceProfile) -> ArtifactRef:
    data = profile.to_bytes()
    digest = digest_of_bytes(data)
    file = ArtifactRef(key=layout.blob(digest), digest=digest, size=len(data))
    store.put_if_absent(file.key, data)
    return file


def _commit(run: str, digest: str, reference: ArtifactRef) -> bytes:
    file = ArtifactRef(key=layout.blob(digest), digest=digest, size=1)
    model = COMMIT.model.model_copy(
        update={"file": file, "reference": reference, "classes": list(CLASSES)}
    )
    confusion = ConfusionMatrix(classes=list(CLASSES), counts=[[475, 25], [25, 475]])
    changes = {"run": run, "model": model, "confusion": confusion}
    return COMMIT.model_copy(update=changes).to_bytes()
