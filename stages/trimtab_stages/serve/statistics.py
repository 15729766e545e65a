"""Counters of the request path: plain integers, read by the metrics page."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from trimtab_stages.contract.serving_plan import RunTimes, VersionCounts

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


RESCUED = "rescued"
"""Outcome of a request that the version failed or refused, and a former champion answered."""

FAILURES = frozenset(
    {"internal", "inference", "out_of_memory", "deadline", "abandoned", RESCUED},
)
"""Outcomes that are the version's fault; a wrong or surplus request is not."""


@dataclass(slots=True)
class VersionStatistics:
    """What one version has answered.

    Attributes:
        codes: requests by outcome: ok, or the error's word.
        tried: those of them that named the version.
        rows: rows answered.
        buckets: answered requests by latency bucket, the last one for all that is slower.
        seconds: sum of latencies.
        shadow_requests: requests scored after the reply.
        shadow_failed: requests that could not be scored, whatever the load.
        shadow_rows: rows scored after the reply.
        shadow_dropped_rows: rows that were not, because of load or of a failed run.
    """

    codes: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))
    seconds: float = 0.0
    shadow_requests: int = 0
    shadow_failed: int = 0
    shadow_rows: int = 0
    shadow_dropped_rows: int = 0

    def answered(self, rows: int, seconds: float, *, named: bool = False) -> None:
        """Count an answered request; `named`: it named the version that shall answer."""
        self._count("ok", named=named)
        self.rows += rows
        self.seconds += seconds
        self.buckets[bisect_left(LATENCY_BOUNDS, seconds)] += 1

    def failed(self, code: str, *, named: bool = False) -> None:
        """Count a request that ended otherwise; `named`: it named the version."""
        self._count(code, named=named)

    def scored(self, rows: int) -> None:
        """Count a request that was scored after the reply."""
        self.shadow_requests += 1
        self.shadow_rows += rows

    def counts(self, times: list[RunTimes]) -> VersionCounts:
        """Return what `GET /plan` says of the version.

        Whoever names a version tries it: that says nothing of the plan's traffic.
        """
        routed = self.codes - self.tried
        return VersionCounts(
            requests=routed["ok"],
            failed_requests=sum(routed[code] for code in FAILURES),
            rows=self.rows,
            shadow_requests=self.shadow_requests,
            shadow_failed_requests=self.shadow_failed,
            shadow_rows=self.shadow_rows,
            shadow_dropped_rows=self.shadow_dropped_rows,
            times=times,
        )

    def _count(self, code: str, *, named: bool) -> None:
        self.codes[code] += 1
        if named:
            self.tried[code] += 1


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
