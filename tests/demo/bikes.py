"""Bike share: the raw file, and what a client knows of the month after training."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.ingest import features

HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True)
class Month:
    """Rows that nothing was trained on.

    Attributes:
        time_ns: event times, nanoseconds since 1970 UTC, [n].
        inputs: the tensor `features`, float32 [n, F].
        busy: 1 where the count is above the training threshold, [n].
    """

    time_ns: NDArray[np.int64]
    inputs: NDArray[np.float32]
    busy: NDArray[np.int64]


def month_after(
    raw: bytes, rules: IngestRules, manifest: SnapshotManifest, months: int = 1
) -> Month:
    """Return the rows of the month(s) after the rules' end, as a client would ask for them."""
    start = rules.time.end
    if start is None or manifest.target.threshold is None:
        raise ValueError("the bike-share Dataset needs `time.end` and a threshold target")
    end_month = start.month - 1 + months
    end = start.replace(year=start.year + end_month // 12, month=end_month % 12 + 1)
    rows = [row for row in _rows(raw) if start <= _time(row) < end]
    time_ns = np.array([int(_time(row).timestamp()) * 1_000_000_000 for row in rows], np.int64)
    known = {name: _numbers(rows, name) for name in ("tmin", "tmax", "pn")}
    known |= features.derive(rules, features.History(time_ns, known))
    inputs = np.stack([known[feature.name] for feature in manifest.features], axis=1)
    busy = (_numbers(rows, "count") > manifest.target.threshold).astype(np.int64)
    return Month(time_ns, inputs.astype(np.float32), busy)


def _rows(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode())))


def _time(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(f"{row['ts']}+00:00")


def _numbers(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    return np.array([float(row[name]) for row in rows])
