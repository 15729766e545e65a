"""Champion and challenger on the same rows: what a rollout is decided by. Nothing is decided here.

Both versions keep the same share of the requests whole, chosen by a hash of their ids, so their
captured rows are pairs. Labels join them by inference id. Pairs count in the order in which their
first labels came, so that later ones only ever follow: the interval then holds at every look. A
pair whose rows come after its label, as the store was away, follows when they are there.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab_operator.monitor.feed import Feed
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.rollout_targets import RolloutTarget
from trimtab_operator.monitor.traffic import day_of
from trimtab_operator.monitor.windows import SECOND_NS, UPLOAD_SECONDS, nanoseconds
from trimtab_operator.storage.evaluations import read_judged
from trimtab_operator.storage.window_entry import decimal, stamp
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.decision_record import NO_DECISION, hash_id
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.drift.paired import compare
from trimtab_stages.drift.records import read_labels
from trimtab_stages.store import Store

logger = logging.getLogger(__name__)

MOST_ROWS = 200_000
"""Rows of a challenger that are remembered while they wait for their labels."""

MOST_EARLY = 50_000
"""Labels that are remembered while they wait for their rows. Most labels are of rows that are not
captured, so the oldest are forgotten first."""

RowKey = tuple[bytes, int]
"""`hash_id` of the inference id, and the row in the request."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row that both versions decided."""

    champion: int
    challenger: int
    event_ns: int


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pairs whose truth is known, [n], in the order in which their first labels came.

    Attributes:
        truth: true class index.
        champion: the champion's decisions.
        challenger: the challenger's decisions.
        through_ns: newest event time, nanoseconds since 1970; None without pairs.
    """

    truth: NDArray[np.int64]
    champion: NDArray[np.int64]
    challenger: NDArray[np.int64]
    through_ns: int | None


@dataclass(slots=True)
class _Captured:
    """Decided rows of one version by row, and the objects that they came from."""

    prefix: str
    rows: dict[RowKey, tuple[int, int]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)


class PairedRows:
    """What is known of one rollout's rows. Not to be shared between threads at the same time.

    Args:
        target: the rollout; what a new comparison would follow from stays the same.
        cache: reads objects.
        most_early: bound on the labels that wait for their rows.
    """

    def __init__(
        self, target: RolloutTarget, cache: ObjectCache, most_early: int = MOST_EARLY
    ) -> None:
        self.identity = target.identity
        self._cache = cache
        self._most_early = most_early
        self._champion, self._challenger = (
            _Captured(layout.version_captured_prefix(target.name, version.digest))
            for version in (target.champion, target.challenger)
        )
        self._feed = Feed(
            layout.feedback_prefix(target.name), day_of(nanoseconds(target.challenger.since))
        )
        self._waiting: list[tuple[str, FeedbackBatch]] = []
        self._early: OrderedDict[RowKey, int] = OrderedDict()
        self._truth: dict[RowKey, int] = {}
        self._classes: tuple[str, ...] | None = None

    def gather(self, store: Store, target: RolloutTarget, now: datetime) -> dict[str, Any]:
        """Take in what is new and return the evidence as the Model's status names it.

        Labels count when the rows of both versions that they may be of have been written, in order
        of their arrival. Where the store was away for who writes the rows, and not for who took
        the labels, they count when the rows are there.

        Args:
            store: the bucket.
            target: the rollout as it was read last.
            now: wall clock before anything was read.

        Raises:
            StoreError: the bucket does not answer.
            ValueError: champion and challenger do not decide between the same classes.
        """
        classes = self._classes or _common_classes(store, target)
        self._classes = classes
        self._read_rows(store, self._challenger, first_bucket=None)
        first = min(map(_bucket_of, self._challenger.keys), default=None)
        if first is not None:
            self._read_rows(store, self._champion, first_bucket=first)
        for key in self._feed.read_all(store):
            self._waiting += self._parsed(store, key)
        pairs = dict(self._pairs())
        wait = timedelta(seconds=2 * target.flush_seconds + UPLOAD_SECONDS)
        self._join(pairs, classes, nanoseconds(now - wait))
        known = labelled([(pairs[row], truth) for row, truth in self._truth.items()])
        return evidence_of(target, pairs, known)

    def _read_rows(self, store: Store, captured: _Captured, first_bucket: int | None) -> None:
        """Read a version's new captured rows, as long as there is room for more."""
        prefix = captured.prefix
        behind = "" if first_bucket is None else layout.before_bucket(prefix, first_bucket)
        for entry in store.list(prefix, start_after=behind):
            if len(captured.rows) > MOST_ROWS:
                break
            if entry.key not in captured.keys:
                captured.rows.update(_decided_rows(entry.key, store.get(entry.key)))
                captured.keys.add(entry.key)

    def _parsed(self, store: Store, key: str) -> Iterator[tuple[str, FeedbackBatch]]:
        try:
            yield key, FeedbackBatch.from_bytes(self._cache.get(store, key))
        except (ValueError, NewerSchemaError) as error:
            logger.warning("labels not readable", extra={"key": key, "cause": str(error)})

    def _pairs(self) -> Iterator[tuple[RowKey, Pair]]:
        for row, (challenger, event_ns) in self._challenger.rows.items():
            found = self._champion.rows.get(row)
            if found is not None:
                yield row, Pair(found[0], challenger, event_ns)

    def _join(
        self, pairs: Mapping[RowKey, Pair], classes: tuple[str, ...], settled_ns: int
    ) -> None:
        """Take the labels of pairs out of settled batches; a later label replaces the truth.

        The others may be of rows that are not there yet.
        """
        settled = [one for one in self._waiting if one[1].received_ns <= settled_ns]
        self._waiting = [one for one in self._waiting if one[1].received_ns > settled_ns]
        labels = read_labels((batch for _, batch in sorted(settled, key=_by_key)), classes)
        rows = zip(labels.id_hash, labels.row.tolist(), labels.truth.tolist(), strict=True)
        for found in [row for row in self._early if row in pairs]:
            self._truth[found] = self._early.pop(found)
        for one, row, truth in rows:
            known = self._truth if (one.tobytes(), row) in pairs else self._early
            known[one.tobytes(), row] = truth
            if len(self._early) > self._most_early:
                self._early.popitem(last=False)


def labelled(found: list[tuple[Pair, int]]) -> Labelled:
    """Return pairs and their truth as arrays."""
    table = np.array(
        [(truth, pair.champion, pair.challenger) for pair, truth in found], np.int64
    ).reshape(-1, 3)
    return Labelled(
        truth=table[:, 0],
        champion=table[:, 1],
        challenger=table[:, 2],
        through_ns=max((pair.event_ns for pair, _ in found), default=None),
    )


def evidence_of(
    target: RolloutTarget, pairs: Mapping[RowKey, Pair], known: Labelled
) -> dict[str, Any]:
    """Return the evidence as the Model's status names it.

    Args:
        target: the rollout.
        pairs: all rows that both versions decided.
        known: those of them whose label has returned.
    """
    evidence: dict[str, Any] = {
        "digest": target.challenger.digest,
        "rows": len(pairs),
        "labelled": len(known.truth),
    }
    if pairs:
        alike = sum(pair.champion == pair.challenger for pair in pairs.values())
        evidence["agreement"] = decimal(alike / len(pairs))
    if known.through_ns is None:
        return evidence
    found = compare(
        known.truth,
        known.champion,
        known.challenger,
        target.metric,
        margin=target.margin,
        confidence=target.confidence,
    )
    through = datetime.fromtimestamp(known.through_ns // SECOND_NS, UTC)
    numbers = {"difference": found.difference, "low": found.low, "high": found.high}
    return (
        evidence | {name: decimal(n) for name, n in numbers.items()} | {"through": stamp(through)}
    )


def _by_key(one: tuple[str, FeedbackBatch]) -> str:
    return one[0]


def _decided_rows(key: str, data: bytes) -> Iterator[tuple[RowKey, tuple[int, int]]]:
    try:
        rows = CapturedRows.from_bytes(data)
    except (ValueError, NewerSchemaError) as error:
        logger.warning("captured rows not readable", extra={"key": key, "cause": str(error)})
        return
    for name, decision, event_ns in zip(rows.ids, rows.decisions, rows.event_time_ns, strict=False):
        request, _, row = name.rpartition("#")
        if decision != NO_DECISION:
            yield (hash_id(request), int(row)), (decision, event_ns)


def _bucket_of(key: str) -> int:
    return int(key.split("/")[-2])


def _common_classes(store: Store, target: RolloutTarget) -> tuple[str, ...]:
    champion, challenger = (
        read_judged(store, version.run).classes for version in (target.champion, target.challenger)
    )
    if champion != challenger:
        raise ValueError(
            f"champion decides between {', '.join(champion)}, challenger between "
            f"{', '.join(challenger)}: their decisions cannot be compared"
        )
    return challenger
