"""Reads captured rows: served ones, kept whole, as columns of a snapshot's features."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract import layout
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.event_time import NANOS
from trimtab_stages.ingest.feedback import Keys, row_keys
from trimtab_stages.ingest.frame import CAPTURED, Categories, Codes, Frame, Mask, Whole
from trimtab_stages.ingest.stored_objects import read_objects
from trimtab_stages.store import Store

Texts = NDArray[np.object_]

LONGEST_BUCKET_SECONDS = 86_400
"""Most of `capture.paneSeconds`: an object's rows lie at most so long after its bucket's start."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of event time, nanoseconds since 1970 UTC."""

    start_ns: int
    end_ns: int

    def holds(self, time_ns: Whole) -> Mask:
        """Return which instants lie in it."""
        inside: Mask = (time_ns >= self.start_ns) & (time_ns < self.end_ns)
        return inside

    def may_hold_bucket(self, start_seconds: int) -> bool:
        """Return whether rows of a bucket that begins there can lie in it."""
        start = start_seconds * NANOS
        return start < self.end_ns and start + LONGEST_BUCKET_SECONDS * NANOS > self.start_ns


@dataclass(frozen=True, slots=True)
class Served:
    """Captured rows of answered requests, n of them in any order.

    Attributes:
        rows: event times and features; `source` is `CAPTURED`.
        keys: `row_keys` of their inference ids, [n].
        received_ns: arrival, nanoseconds since 1970 UTC, int64 [n].
    """

    rows: Frame
    keys: Keys
    received_ns: Whole

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, index: Whole | Mask) -> "Served":
        """Return the rows that `index` selects, in its order."""
        return Served(self.rows.take(index), self.keys[index], self.received_ns[index])


def to_ns(time: datetime) -> int:
    """Return a time as nanoseconds since 1970 UTC."""
    return int(np.datetime64(time.replace(tzinfo=None), "ns").astype(np.int64))


def read_captured(
    store: Store, plan: CapturePlan, features: Sequence[Feature], span: Span
) -> Served:
    """Return the captured rows of a span that were answered; shadow copies are left out.

    Args:
        store: where they lie.
        plan: names the Model.
        features: the snapshot's features; others that were captured are left out.
        span: event times to read.

    Raises:
        StageError: MissingColumn, a row lacks a feature; UnreadableFile.
        StoreError: the store failed.
    """
    columns = _Columns.of(features)
    for captured in read_objects(store, _keys(store, plan.model, span), CapturedRows):
        if not captured.shadow:
            columns.add(captured, span)
    return columns.served()


def _keys(store: Store, model: str, span: Span) -> list[str]:
    prefix = layout.captured_prefix(model)
    return sorted(
        entry.key
        for entry in store.list(prefix)
        if span.may_hold_bucket(layout.captured_bucket(entry.key))
    )


@dataclass(slots=True)
class _Columns:
    """Columns that grow object by object.

    Attributes:
        numeric: names of the numeric features.
        categorical: names of the categorical ones.
        codes: category -> code, by feature, in the order of their first appearance.
        parts: what each object gave.
    """

    numeric: list[str]
    categorical: list[str]
    codes: dict[str, dict[str, int]]
    parts: list["_Part"] = field(default_factory=list)

    @classmethod
    def of(cls, features: Sequence[Feature]) -> "_Columns":
        names = {
            kind: [feature.name for feature in features if feature.kind is kind]
            for kind in FeatureKind
        }
        texts = names[FeatureKind.CATEGORICAL]
        return cls(names[FeatureKind.NUMERIC], texts, {name: {} for name in texts})

    def add(self, captured: CapturedRows, span: Span) -> None:
        """Take the rows of an object that lie in the span."""
        time_ns = np.array(captured.event_time_ns, np.int64)
        inside = np.flatnonzero(span.holds(time_ns))
        if not len(inside):
            return
        own = _positions(captured, self.numeric, captured.numeric_columns)
        others = _positions(captured, self.categorical, captured.categorical_columns)
        numbers, texts = _matrices(captured)
        self.parts.append(
            _Part(
                time_ns[inside],
                np.array(captured.received_ns, np.int64)[inside],
                row_keys(captured.ids[row] for row in inside.tolist()),
                numbers[np.ix_(inside, own)],
                self._encode(texts[np.ix_(inside, others)]),
            )
        )

    def _encode(self, texts: Texts) -> Codes:
        codes = np.empty(texts.shape, np.int32)
        for column, known in enumerate(self.codes.values()):
            values = texts[:, column].tolist()
            codes[:, column] = [known.setdefault(text, len(known)) for text in values]
        return codes

    def served(self) -> Served:
        """Return all rows."""
        parts = self.parts or [_Part.nothing(len(self.numeric), len(self.categorical))]
        time_ns = np.concatenate([part.time_ns for part in parts])
        nothing = np.zeros(len(time_ns), np.int64)
        rows = Frame(
            time_ns,
            np.full(len(time_ns), CAPTURED),
            nothing,
            nothing,
            {
                name: np.concatenate([part.numbers[:, column] for part in parts]).astype(np.float64)
                for column, name in enumerate(self.numeric)
            },
            dict(self._categories(parts)),
        )
        return Served(
            rows,
            np.concatenate([part.keys for part in parts]),
            np.concatenate([part.received_ns for part in parts]),
        )

    def _categories(self, parts: list["_Part"]) -> Iterator[tuple[str, Categories]]:
        for column, (name, known) in enumerate(self.codes.items()):
            codes = np.concatenate([part.codes[:, column] for part in parts])
            yield name, sorted_categories(codes, known)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one object: numbers float32 [n, F], codes int32 [n, C]."""

    time_ns: Whole
    received_ns: Whole
    keys: Keys
    numbers: NDArray[np.float32]
    codes: Codes

    @classmethod
    def nothing(cls, numeric: int, categorical: int) -> "_Part":
        none = np.zeros(0, np.int64)
        return cls(
            none,
            none,
            row_keys(()),
            np.zeros((0, numeric), np.float32),
            np.zeros((0, categorical), np.int32),
        )


def sorted_categories(codes: Codes, known: Mapping[str, int]) -> Categories:
    """Return a category column whose codes follow the names' own order."""
    names = sorted(known)
    place = np.full(len(names) + 1, -1, np.int32)
    for position, name in enumerate(names):
        place[known[name]] = position
    return Categories(place[codes], tuple(names))


def _matrices(captured: CapturedRows) -> tuple[NDArray[np.float32], Texts]:
    """Return the numbers [n, F] and the categories [n, C] of an object."""
    rows = len(captured.ids)
    numbers = np.frombuffer(base64.b64decode(captured.numeric), "<f4")
    texts = np.array(captured.categorical, object)
    return (
        numbers.reshape(rows, len(captured.numeric_columns)),
        texts.reshape(rows, len(captured.categorical_columns)),
    )


def _positions(captured: CapturedRows, wanted: Sequence[str], given: Sequence[str]) -> Whole:
    if missing := [name for name in wanted if name not in given]:
        raise StageError(
            StageReason.MISSING_COLUMN,
            f"captured rows of Model `{captured.model}`, version {captured.version[:19]}, lack the"
            f" feature `{', '.join(missing)}`; they hold {', '.join(given) or 'none of its kind'}."
            " Leave the feature out, name the Model that serves this Dataset in"
            " `spec.source.capture.model`, or let `windowSeconds` begin after the version was"
            " replaced.",
        )
    return np.array([given.index(name) for name in wanted], np.int64)
