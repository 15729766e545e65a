"""DuplicateReplay: rows of the same event time and score were sent again.

A row is a repetition when a row with its event time and the same bits of score had arrived before
it, by another arrival time; rows of one request share theirs and repeat nothing. Where scores take
few values, rows that happen together are alike by chance: the share to expect by that is taken off.

A window was sent again when more than 5 % of its rows are repetitions, or more than 15 % of the
rows of one of 16 spans of it: a day of a month. Clients that ask again after a lost answer repeat
fewer, and all over the window.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.merge import Counts, Floats
from trimtab_stages.drift.records import RecordArrays
from trimtab_stages.drift.spans import NOWHERE, Chosen, SpanShare, greatest_share

LEAST_ROWS = 30
MOST_REPEATED = 0.05
"""Share of repeated rows, beyond chance, from which a window has been sent again."""
MOST_REPEATED_OF_SPAN = 0.15
"""The same of one span of it."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows of a window that repeat earlier ones.

    Attributes:
        rows: which ones, [n].
        share: share of the window's rows, beyond chance, 0..1.
        worst: the span in which they are most.
    """

    rows: Chosen
    share: float = 0.0
    worst: SpanShare = NOWHERE

    @property
    def is_replay(self) -> bool:
        """Whether there are more of them than clients send by asking again."""
        return self.share > MOST_REPEATED or self.worst.share > MOST_REPEATED_OF_SPAN


def repeated_rows(records: RecordArrays) -> Repeated:
    """Return which rows repeat an earlier one; none of few rows."""
    rows = np.zeros(len(records), dtype=np.bool_)
    if len(records) < LEAST_ROWS:
        return Repeated(rows)
    order = np.lexsort((records.received_ns, records.score.view(np.uint32), records.event_ns))
    event, score = records.event_ns[order], records.score.view(np.uint32)[order]
    received = records.received_ns[order]
    starts = np.ones(len(event), dtype=np.bool_)
    starts[1:] = (event[1:] != event[:-1]) | (score[1:] != score[:-1])
    group = np.cumsum(starts) - 1
    repeated = received > received[starts][group]
    rows[order] = repeated
    chance = _chance(event, score)
    share = max(float((repeated - chance).mean()), 0.0)
    return Repeated(rows, share, greatest_share(event, repeated, chance))


def _chance(event_ns: Counts, score: np.ndarray) -> Floats:
    """Return the probability of each row that another of its event time equals it by chance."""
    counts = np.unique(score, return_counts=True)[1]
    alike = float(np.square(counts / len(score)).sum())
    _, group, together = np.unique(event_ns, return_inverse=True, return_counts=True)
    return np.asarray(1 - (1 - alike) ** (together[group] - 1), dtype=np.float64)
