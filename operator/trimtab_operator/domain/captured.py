"""Whether a snapshot holds the served rows that a decision rests on."""

from datetime import datetime

from trimtab_operator.api.dataset import Dataset, SnapshotStatus


def covers(snapshot: SnapshotStatus, dataset: Dataset, window_end: datetime) -> bool:
    """Return whether a run on a snapshot would see the traffic of a decided window.

    A Dataset that takes in no captured rows has nothing to wait for.

    Args:
        snapshot: newest snapshot.
        dataset: its Dataset.
        window_end: end of the window that the decision was made for.
    """
    if dataset.spec.source.capture is None:
        return True
    through = snapshot.captured_through
    return through is not None and through >= window_end
