"""DuplicateReplay: rows of the same event time and score were sent again.

A row is a repetition when a row with its event time and the same bits of score had arrived before
it, by another arrival time; rows of one request share theirs and repeat nothing. Where scores take
few values, rows that happen together are alike by chance: the share to expect by that is taken off.
"""

import numpy as np

from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.records import RecordArrays

LEAST_ROWS = 30
MOST_REPEATED = 0.05
"""Share of repeated rows, beyond chance, from which a window has been sent again."""


def repeated_share(records: RecordArrays) -> float:
    """Return the share of rows that repeat an earlier one, beyond chance; 0 for few rows."""
    if len(records) < LEAST_ROWS:
        return 0.0
    order = np.lexsort((records.received_ns, records.score.view(np.uint32), records.event_ns))
    event, score = records.event_ns[order], records.score.view(np.uint32)[order]
    received = records.received_ns[order]
    starts = np.ones(len(event), dtype=np.bool_)
    starts[1:] = (event[1:] != event[:-1]) | (score[1:] != score[:-1])
    group = np.cumsum(starts) - 1
    repeated = received > received[starts][group]
    return max(float(repeated.mean()) - _chance(records.event_ns, score), 0.0)


def _chance(event_ns: Counts, score: np.ndarray) -> float:
    """Return the share of rows that another row of the same event time equals by chance."""
    counts = np.unique(score, return_counts=True)[1]
    alike = float(np.square(counts / len(score)).sum())
    _, group, together = np.unique(event_ns, return_inverse=True, return_counts=True)
    return float((1 - (1 - alike) ** (together[group] - 1)).mean())
