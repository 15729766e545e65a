"""Whether a snapshot is young enough, and whether its time stamps can be trusted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.dataset import Dataset, SnapshotStatus
from trimtab_operator.domain.conditions import Verdict, is_false, is_true
from trimtab_stages.contract.run import IngestCommit


@dataclass(frozen=True, slots=True)
class Freshness:
    """The Fresh condition, none without a limit, and when it will turn False."""

    verdicts: tuple[Verdict, ...] = ()
    expires: datetime | None = None


def freshness(dataset: Dataset, snapshot: SnapshotStatus | None, now: datetime) -> Freshness:
    """Return whether the newest row is younger than `spec.freshForSeconds`."""
    limit = dataset.spec.fresh_for_seconds
    if limit is None or snapshot is None:
        return Freshness()
    expires = snapshot.newest_row_time + timedelta(seconds=limit)
    newest = f"The newest row is of {snapshot.newest_row_time:%Y-%m-%dT%H:%M:%SZ}"
    if now < expires:
        words = f"{newest}, within `spec.freshForSeconds` ({limit} s)."
        return Freshness((is_true(ConditionType.FRESH, Reason.SNAPSHOT_CURRENT, words),), expires)
    words = (
        f"{newest}, older than `spec.freshForSeconds` ({limit} s). See that "
        f"`{dataset.spec.source.uri}` still grows, then set `spec.refreshSeconds` or annotate "
        "the Dataset with `trimtab.dev/refresh-requested`."
    )
    return Freshness((is_false(ConditionType.FRESH, Reason.SNAPSHOT_OUTDATED, words),))


def timestamps_trusted(commit: IngestCommit) -> Verdict:
    """Return whether time rules had to correct the order or zone of stamps."""
    kind = ConditionType.TIMESTAMPS_TRUSTED
    if commit.timestamps_trusted:
        return is_true(kind, Reason.TRUSTED, commit.message or "No time stamp was corrected.")
    words = commit.message or "Time stamps were sorted or shifted within their tolerance."
    return is_false(kind, Reason.CORRECTED, words)
