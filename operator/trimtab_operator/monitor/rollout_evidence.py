"""Champion and challenger on the same rows: what a rollout is decided by. Nothing is decided here.

Both versions keep the same share of the requests whole, chosen by a hash of their ids, so their
captured rows are pairs. Labels join them by inference id. Pairs count in the order in which their
first labels came, so that later ones follow: the interval then holds at every look. A pair whose
rows come after its label, as the store was away, takes its place when they are there.
"""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab_operator.api.rollout import MOST_ROWS
from trimtab_operator.monitor.captured_pairs import CapturedPairs, IsOver
from trimtab_operator.monitor.rollout_labels import Joined, RolloutLabels
from trimtab_operator.monitor.rollout_rows import Table, are_among, matching
from trimtab_operator.monitor.rollout_targets import RolloutTarget
from trimtab_operator.monitor.windows import SECOND_NS, UPLOAD_SECONDS, nanoseconds
from trimtab_operator.storage.evaluations import read_judged
from trimtab_operator.storage.window_entry import decimal, stamp
from trimtab_stages.drift.paired import compare
from trimtab_stages.store import Store

MOST_EARLY = 50_000
"""Labels that are remembered while they wait for their rows."""


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


class PairedRows:
    """What is known of one rollout's rows. Not to be shared between threads at the same time.

    Attributes:
        active: when something was read last, monotonic seconds.
        faults: captured objects that could not be read, and are tried again.

    Args:
        target: the rollout; what a new comparison would follow from stays the same.
        most_rows: bound on the rows of each version; so many take 8 MB.
        most_early: bound on the labels that wait for their rows.
    """

    def __init__(
        self,
        target: RolloutTarget,
        most_rows: int = MOST_ROWS,
        most_early: int = MOST_EARLY,
    ) -> None:
        self.identity = target.identity
        self._captured = CapturedPairs(
            target.name, target.champion.digest, target.challenger.digest, most_rows
        )
        self._labels = RolloutLabels(target.name, target.challenger.since, most_early)
        self._index: dict[str, int] | None = None
        self.active = time.monotonic()

    @property
    def held(self) -> int:
        """Rows and labels that are kept."""
        return self._captured.held + self._labels.held

    @property
    def faults(self) -> int:
        """Captured objects that could not be read so far; they are tried again."""
        return self._captured.faults

    def gather(
        self, store: Store, target: RolloutTarget, now: datetime, seconds: float = math.inf
    ) -> dict[str, Any] | None:
        """Take in what is new and return the evidence as the Model's status names it.

        Labels count when the rows of both versions that they may be of have been written, in order
        of their arrival. Where the store was away for who writes the rows, and not for who took
        the labels, they count when the rows are there. A long past is read in portions; there is
        no evidence before its end.

        Args:
            store: the bucket.
            target: the rollout as it was read last.
            now: wall clock before anything was read.
            seconds: time for the rows, and for the labels, after which the next look goes on.

        Raises:
            StoreError: the bucket does not answer; what was read is kept.
            ValueError: champion and challenger do not decide between the same classes.
        """
        if self._index is None:
            classes = _common_classes(store, target)
            self._index = {name: place for place, name in enumerate(classes)}
        self._captured.read(store, self._begin(seconds))
        if not self._captured.is_caught_up:
            return None
        champion, challenger = self._captured.pairs()
        wait = timedelta(seconds=2 * target.flush_seconds + UPLOAD_SECONDS)
        joined = Joined(self._index, champion, nanoseconds(now - wait), nanoseconds(now))
        self._labels.read(store, joined, self._begin(seconds))
        if not self._labels.is_caught_up:
            return None
        known = labelled(champion, challenger, self._labels.settled)
        return evidence_of(target, champion, challenger, known, len(self._index))

    def _begin(self, seconds: float) -> IsOver:
        """Return what says whether so much time is over; asked after every object."""
        end = time.monotonic() + seconds

        def is_over() -> bool:
            self.active = time.monotonic()
            return self.active >= end

        return is_over


def labelled(champion: Table, challenger: Table, labels: Table) -> Labelled:
    """Return the pairs that have labels, in the order in which these came first.

    Args:
        champion: the champion's decisions.
        challenger: the challenger's decisions on the same rows.
        labels: of these and of other rows.
    """
    known = labels[are_among(labels, champion)]
    known = known[np.lexsort((known["row"], known["first"]))]
    before, after = matching(known, champion), matching(known, challenger)
    return Labelled(
        truth=known["truth"].astype(np.int64),
        champion=before["decision"].astype(np.int64),
        challenger=after["decision"].astype(np.int64),
        through_ns=int(after["event"].max()) if len(after) else None,
    )


def evidence_of(
    target: RolloutTarget, champion: Table, challenger: Table, known: Labelled, classes: int
) -> dict[str, Any]:
    """Return the evidence as the Model's status names it.

    Args:
        target: the rollout.
        champion: the champion's decisions on all rows that both versions decided.
        challenger: the challenger's decisions on them.
        known: those of them whose label has returned.
        classes: how many both versions decide between.
    """
    evidence: dict[str, Any] = {
        "digest": target.challenger.digest,
        "rows": len(champion),
        "labelled": len(known.truth),
    }
    if len(champion):
        alike = float((champion["decision"] == challenger["decision"]).mean())
        evidence["agreement"] = decimal(alike)
    if known.through_ns is None:
        return evidence
    found = compare(
        known.truth,
        known.champion,
        known.challenger,
        target.metric,
        classes=classes,
        margin=target.margin,
        confidence=target.confidence,
    )
    through = datetime.fromtimestamp(known.through_ns // SECOND_NS, UTC)
    numbers = {"difference": found.difference, "low": found.low, "high": found.high}
    return (
        evidence | {name: decimal(n) for name, n in numbers.items()} | {"through": stamp(through)}
    )


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
