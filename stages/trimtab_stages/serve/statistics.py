"""Counters of the request path: plain integers, read by the metrics page."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

LATENCY_BOUNDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    10.0,
)
"""Upper bounds of the latency buckets, seconds."""


@dataclass(slots=True)
class VersionStatistics:
    """What one version has answered.

    Attributes:
        codes: requests by outcome: ok, or the error's word.
        rows: rows answered.
        buckets: answered requests by latency bucket, the last one for all that is slower.
        seconds: sum of latencies.
        shadow_rows: rows scored after the reply.
        shadow_dropped_rows: rows that were not, because of load or of a failed run.
    """

    codes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    seconds: float = 0.0
    shadow_rows: int = 0
    shadow_dropped_rows: int = 0

    def answered(self, rows: int, seconds: float) -> None:
        """Count an answered request."""
        self.codes["ok"] += 1
        self.rows += rows
        self.seconds += seconds
        self.buckets[bisect_left(LATENCY_BOUNDS, seconds)] += 1


@dataclass(slots=True)
class Statistics:
    """All counters of a process.

    Attributes:
        versions: by version name.
        refused: requests that no version saw, by the error's word.
    """

    versions: dict[str, VersionStatistics] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def of(self, version: str) -> VersionStatistics:
        """Return a version's counters."""
        found = self.versions.get(version)
        if found is None:
            found = self.versions[version] = VersionStatistics()
        return found
