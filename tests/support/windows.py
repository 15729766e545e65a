"""Rows of a window, and the panes, records and labels that a server would have left of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from support.contract_samples import SNAPSHOT as SAMPLE
from trimtab_stages.contract.decision_record import MAGIC, RECORD, digest_prefix, hash_id
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.contract.pane import Pane
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.evaluate import WindowInputs
from trimtab_stages.drift.merge import merge
from trimtab_stages.drift.records import LabelledRows, RecordArrays, read_records
from trimtab_stages.export.reference import build_reference
from trimtab_stages.preprocess.split import SplitRows
from trimtab_stages.serve.observe.batch import RowBatch
from trimtab_stages.serve.observe.cells import cells_of
from trimtab_stages.serve.observe.columns import Columns, Slot
from trimtab_stages.serve.observe.pane_sums import PaneIdentity, PaneSums

VERSION = f"sha256:{'ab' * 32}"
SNAPSHOT = f"sha256:{'cd' * 32}"
START = datetime(2026, 11, 2, tzinfo=UTC)
START_NS = int(START.timestamp()) * 1_000_000_000
SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """n answered rows.

    Attributes:
        numeric: float32 [n, F].
        categorical: strings [n, C].
        scores: float32 [n].
        decided: int64 [n].
        truth: int64 [n].
        event_ns: int64 [n].
        received_ns: int64 [n].
        names: names of the numeric features.
        categories: names of the categorical ones.
    """

    numeric: npt.NDArray[np.float32]
    categorical: npt.NDArray[np.object_]
    scores: npt.NDArray[np.float32]
    decided: Integers
    truth: Integers
    event_ns: Integers
    received_ns: Integers
    names: tuple[str, ...]
    categories: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, chosen: npt.NDArray[np.int64] | slice) -> "Rows":
        return replace(
            self,
            numeric=self.numeric[chosen],
            categorical=self.categorical[chosen],
            scores=self.scores[chosen],
            decided=self.decided[chosen],
            truth=self.truth[chosen],
            event_ns=self.event_ns[chosen],
            received_ns=self.received_ns[chosen],
        )

    def resampled(self, count: int, random: np.random.Generator) -> "Rows":
        """Return rows drawn with replacement, one a minute from START on."""
        return spaced(self.take(random.integers(0, len(self), count)))


def spaced(rows: Rows, step_ns: int = MINUTE_NS) -> Rows:
    """Return the rows with evenly spaced event times from START on, arriving a second later."""
    event = START_NS + np.arange(len(rows), dtype=np.int64) * step_ns
    return replace(rows, event_ns=event, received_ns=event + 1_000_000_000)


def together(first: Rows, second: Rows) -> Rows:
    """Return the rows of the first and then those of the second."""
    return replace(
        first,
        numeric=np.concatenate([first.numeric, second.numeric]),
        categorical=np.concatenate([first.categorical, second.categorical]),
        scores=np.concatenate([first.scores, second.scores]),
        decided=np.concatenate([first.decided, second.decided]),
        truth=np.concatenate([first.truth, second.truth]),
        event_ns=np.concatenate([first.event_ns, second.event_ns]),
        received_ns=np.concatenate([first.received_ns, second.received_ns]),
    )


def rows_of(
    numeric: npt.ArrayLike, names: Sequence[str], categorical: npt.ArrayLike | None = None
) -> Rows:
    """Return rows with some scores, all decided and labelled 0."""
    values = np.asarray(numeric, dtype=np.float32)
    count = len(values)
    words = np.empty((count, 0), object) if categorical is None else np.asarray(categorical, object)
    scores = np.random.default_rng(7).random(count, dtype=np.float32)
    none = np.zeros(count, dtype=np.int64)
    kinds = tuple(f"kind{index}" for index in range(words.shape[1]))
    return spaced(Rows(values, words, scores, none, none, none, none, tuple(names), kinds))


def reference_of(rows: Rows) -> ReferenceProfile:
    """Return the profile that training would have written of these rows."""
    features = [Feature(name=name) for name in rows.names]
    features += [Feature(name=name, kind=FeatureKind.CATEGORICAL) for name in rows.categories]
    manifest = SAMPLE.model_copy(update={"features": features, "digest": SNAPSHOT})
    split = SplitRows(rows.numeric, rows.categorical, rows.truth, rows.event_ns)
    return build_reference(manifest, split, rows.scores)


def pane_of(rows: Rows, reference: ReferenceProfile, writer: str = "pod-0") -> Pane:
    """Return the pane that a server would have written of these rows."""
    columns = Columns((Slot("features", rows.names),), (Slot("categories", rows.categories),))
    sums = PaneSums(cells_of(columns, reference))
    index = np.arange(len(rows))
    sums.add(
        RowBatch(
            numeric=rows.numeric,
            categorical=rows.categorical,
            scores=rows.scores[:, None],
            decisions=rows.decided,
            event_ns=rows.event_ns,
            received_ns=rows.received_ns,
            row=index.astype(np.int32),
            request=np.zeros(len(rows), np.int64),
            requests=[],
            id_hashes=[],
        )
    )
    identity = PaneIdentity("m", VERSION, 0, 300, shadow=False, writer=writer)
    return sums.to_pane(identity)


def buckets_of(rows: Rows, reference: ReferenceProfile, seconds: int) -> list[Pane]:
    """Return the panes that a server would have written of event-time buckets of some length."""
    starts = rows.event_ns // (seconds * SECOND_NS) * seconds
    return [
        pane_of(rows.take(np.flatnonzero(starts == start)), reference).model_copy(
            update={"bucket": start, "bucket_seconds": seconds}
        )
        for start in np.unique(starts).tolist()
    ]


def block_of(rows: Rows, ids: Sequence[str] | None = None) -> bytes:
    """Return the decision records of these rows as stored, one request each."""
    names = [f"r{index}" for index in range(len(rows))] if ids is None else ids
    version = digest_prefix(VERSION)
    packed = [
        RECORD.pack(hash_id(name), 0, decided, event, received, version, version, score)
        for name, decided, event, received, score in zip(
            names,
            rows.decided.tolist(),
            rows.event_ns.tolist(),
            rows.received_ns.tolist(),
            rows.scores.tolist(),
            strict=True,
        )
    ]
    return MAGIC + b"".join(packed)


def records_of(rows: Rows) -> RecordArrays:
    """Return the decision records of these rows as arrays, without their bytes in between."""
    return replace(
        read_records([]),
        event_ns=rows.event_ns,
        received_ns=rows.received_ns,
        decision=rows.decided,
        score=rows.scores,
        id_hash=np.zeros(len(rows), dtype="V16"),
        row=np.arange(len(rows), dtype=np.int64),
    )


@dataclass(frozen=True)
class Champion:
    """What a window is judged against."""

    reference: ReferenceProfile
    tested: Integers = field(default_factory=lambda: np.zeros((2, 2), np.int64))
    spec: MonitorSpec = field(default_factory=MonitorSpec)


def inputs_of(rows: Rows, champion: Champion) -> WindowInputs:
    """Return the inputs of a window that has just these rows, all labelled."""
    panes = [pane_of(rows, champion.reference)] if len(rows) else []
    return WindowInputs(
        monitor="cgm",
        model="cgm",
        version=VERSION,
        reference=champion.reference,
        reference_digest=SNAPSHOT,
        classes=("0", "1"),
        tested=champion.tested,
        spec=champion.spec,
        start=START,
        end=START + timedelta(days=1),
        panes=merge(panes),
        buckets=panes,
        records=records_of(rows),
        labelled=LabelledRows(rows.decided, rows.truth, rows.scores),
        pane_keys=["p"],
    )


def drawn(random: np.random.Generator, rows: Sequence[int], recalls: Sequence[float]) -> Integers:
    """Return confusion counts of rows of two classes with the given recalls, [2, 2]."""
    hits = random.binomial(rows, recalls)
    return np.array([[hits[0], rows[0] - hits[0]], [rows[1] - hits[1], hits[1]]])
