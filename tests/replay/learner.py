"""The real training stages on rows of a stream: snapshot, network, exported graph, threshold."""

import io
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from replay.streams import Stream
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import ChampionRef, Commit, RunSpec, TriggerType
from trimtab_stages.contract.snapshot import SnapshotManifest, SplitInfo, TargetInfo
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.split import SplitRows
from trimtab_stages.runtime.artifacts import read_blob, write_blob
from trimtab_stages.runtime.training import run_training
from trimtab_stages.store import LocalStore

Rows = NDArray[np.int64]
TRAIN, VALIDATION = 0.8, 0.9
"""Where the validation and the test split begin, as shares of the rows in time order."""


@dataclass(frozen=True)
class Fitted:
    """A trained model.

    Attributes:
        commit: of its run.
        graph: its exported graph.
    """

    commit: Commit
    graph: Graph

    def decide(self, stream: Stream, rows: Rows) -> NDArray[np.int64]:
        """Return the decisions at the model's threshold, [n]."""
        scores = self.scores(stream, rows)
        return (scores >= (self.commit.model.threshold or 0.5)).astype(np.int64)

    def scores(self, stream: Stream, rows: Rows) -> NDArray[np.float32]:
        """Return the scores, [n]."""
        scores: NDArray[np.float32] = self.graph.scores(_split_rows(stream, rows))
        return scores

    @property
    def tested(self) -> NDArray[np.int64]:
        """Confusion counts of the test split, [2, 2]; rows are true classes."""
        return np.array(self.commit.confusion.counts, dtype=np.int64)


@dataclass(frozen=True)
class Learner:
    """Trains on rows of one stream; what was trained before is found in the store.

    Attributes:
        stream: the data.
        recipe: how to train.
        store: where everything lies.
        work: scratch folder.
    """

    stream: Stream
    recipe: Recipe
    store: LocalStore
    work: Path

    def fit(self, rows: Rows, champion: Fitted | None = None) -> Fitted:
        """Train on rows in time order; with a champion, its gates compare with it."""
        manifest = self._write_snapshot(rows)
        cause = [manifest.digest, self.recipe.to_wire(), _digest(champion)]
        name = f"run-{digest_of(cause)[7:23]}"
        spec = RunSpec(
            run=name,
            pipeline=self.stream.name,
            trigger=TriggerType.REQUEST,
            trigger_id=name,
            snapshot=manifest.digest,
            manifest=write_blob(self.store, manifest.to_bytes()),
            champion=None if champion is None else _champion(champion),
            recipe=self.recipe,
            code_version="bench",
        )
        commit = run_training(spec, self.store, self.work, threading.Event(), ray=None)
        return Fitted(commit, Graph(read_blob(self.store, commit.model.file)))

    def _write_snapshot(self, rows: Rows) -> SnapshotManifest:
        cuts = [int(len(rows) * share) for share in (TRAIN, VALIDATION)]
        parts = zip(("train", "validation", "test"), np.split(rows, cuts), strict=True)
        splits = [self._write_split(name, part) for name, part in parts]
        content = [self.stream.name, *(split.file.digest for split in splits)]
        return SnapshotManifest(
            dataset=self.stream.name,
            digest=digest_of(content),
            rules_digest=digest_of(self.stream.name),
            features=list(self.stream.features),
            target=TargetInfo(name="target", classes=["0", "1"]),
            time_column="time",
            splits=splits,
            rows_in=len(rows),
            rows_kept=len(rows),
            rows_quarantined=0,
        )

    def _write_split(self, name: str, rows: Rows) -> SplitInfo:
        stream = self.stream
        columns = {
            feature.name: pa.array(stream.inputs[rows, index].astype(np.float64))
            for index, feature in enumerate(stream.features)
        }
        columns["target"] = pa.array(stream.truth[rows])
        columns["time"] = pa.array(stream.time_ns[rows]).cast(pa.timestamp("ns", "UTC"))
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer)
        times = [datetime.fromtimestamp(stream.time_ns[row] / 1e9, UTC) for row in rows[[0, -1]]]
        file = write_blob(self.store, buffer.getvalue())
        return SplitInfo(name=name, rows=len(rows), start=times[0], end=times[1], file=file)


def _split_rows(stream: Stream, rows: Rows) -> SplitRows:
    none = np.empty((len(rows), 0), dtype=object)
    return SplitRows(stream.inputs[rows], none, stream.truth[rows], stream.time_ns[rows])


def _champion(fitted: Fitted) -> ChampionRef:
    model = fitted.commit.model
    return ChampionRef(digest=model.file.digest, file=model.file, threshold=model.threshold)


def _digest(fitted: Fitted | None) -> str:
    return "" if fitted is None else fitted.commit.model.file.digest
