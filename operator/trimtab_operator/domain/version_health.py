"""How a version fares in the server pods: failures, time of its runs, restarts, refusals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import sqrt

from trimtab_operator.domain.observed import DeploymentView
from trimtab_operator.domain.serving_plan import is_refused
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import RunTimes, ServerState, VersionCounts, VersionState

PASSING = frozenset({ServingReason.STORE_UNREACHABLE, ServingReason.ACCESS_DENIED})
"""Reasons that end without a change of the Model."""

MIN_RUNS = 10
"""Fewer runs than this have no mean time."""

Z = 1.96
"""Normal quantile of a two-sided 95 % interval."""


Strata = Mapping[tuple[str, int], RunTimes]
"""Times of a version's runs by server pod and size."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Time of the runs of two versions, compared within pods and sizes of runs that both had.

    Attributes:
        ratio: the version's time in the other's mix of sizes, divided by the other's.
        extra_seconds: by how much longer a run takes on average, seconds.
        rows: rows in what is compared, of the version that has fewer.
    """

    ratio: float
    extra_seconds: float
    rows: int


@dataclass(frozen=True, slots=True)
class Health:
    """What all pods together say of a version.

    Attributes:
        requests: requests that it answered, or scored as a shadow.
        failed: requests that it failed.
        pace: time of its runs against the other version's; None where nothing compares.
        restarts: restarts of all pods.
        refused: what a pod says that does not load it; faults of the store, which pass, are none.
    """

    requests: int = 0
    failed: int = 0
    pace: Pace | None = None
    restarts: int = 0
    refused: VersionState | None = None

    @property
    def least_error_rate(self) -> float:
        """Lower end of the 95 % interval of the share of failed requests (Wilson 1927), 0..1."""
        return wilson_low(self.failed, self.failed + self.requests)

    def since(self, restarts: int) -> "Health":
        """Return the same without so many restarts, which were before."""
        return replace(self, restarts=max(0, self.restarts - restarts))


def shadow_health(
    deployment: DeploymentView | None, servers: dict[str, ServerState], digest: str, champion: str
) -> Health:
    """Return the health of a challenger that scores the champion's requests."""
    counts = list(_counts(servers, digest))
    return Health(
        requests=sum(item.shadow_requests for item in counts),
        failed=sum(item.shadow_failed_requests for item in counts),
        pace=compare_times(times_of(servers, digest), times_of(servers, champion)),
        restarts=count_restarts(deployment),
        refused=refusal(servers, digest),
    )


def champion_health(
    deployment: DeploymentView | None, servers: dict[str, ServerState], digest: str, former: str
) -> Health:
    """Return the health of a version that answers requests, its pace against the one before it."""
    counts = list(_counts(servers, digest))
    return Health(
        requests=sum(item.requests for item in counts),
        failed=sum(item.failed_requests for item in counts),
        pace=compare_times(times_of(servers, digest), times_of(servers, former)),
        restarts=count_restarts(deployment),
        refused=refusal(servers, digest),
    )


def compare_times(mine: Strata, theirs: Strata) -> Pace | None:
    """Return the time of runs against the time of other runs, None where no stratum is common.

    Direct standardisation: mean times by pod and size, weighted by how often the other version had
    each. Pods are kept apart: one on a slower node would weigh for the version that it answered by.
    """
    common = {place for place in mine.keys() & theirs.keys() if _tells(mine[place], theirs[place])}
    runs = sum(theirs[place].runs for place in common)
    expected = sum(theirs[place].seconds for place in common)
    if not runs or expected <= 0:
        return None
    taken = sum(mine[place].seconds / mine[place].runs * theirs[place].runs for place in common)
    rows = min(sum(times[place].rows for place in common) for times in (mine, theirs))
    return Pace(taken / expected, (taken - expected) / runs, rows)


def _tells(one: RunTimes, other: RunTimes) -> bool:
    """Return whether a stratum's means say something: a single slow run must not weigh for many."""
    return min(one.runs, other.runs) >= MIN_RUNS


def times_of(servers: Mapping[str, ServerState], digest: str) -> dict[tuple[str, int], RunTimes]:
    """Return the times of a version's runs by pod and size."""
    return {
        (pod, times.size): times
        for pod, server in servers.items()
        for counts in _counts({pod: server}, digest)
        for times in counts.times
        if times.runs
    }


def refusal(servers: dict[str, ServerState], digest: str) -> VersionState | None:
    """Return what a pod says that will never load a version as it is, None where no pod does."""
    states = [state for server in servers.values() for state in server.versions]
    return next(
        (
            state
            for state in states
            if state.digest == digest and is_refused(state) and state.reason not in PASSING
        ),
        None,
    )


def count_restarts(deployment: DeploymentView | None) -> int:
    """Return the restarts of all pods of a Deployment."""
    return sum(pod.restarts for pod in deployment.pods) if deployment is not None else 0


def wilson_low(hits: int, trials: int) -> float:
    """Return the lower end of the 95 % Wilson interval of a share, 0 without trials."""
    if not trials:
        return 0.0
    share, square = hits / trials, Z * Z / trials
    centre = share + square / 2
    spread = Z * sqrt(share * (1 - share) / trials + square / (4 * trials))
    return max(0.0, (centre - spread) / (1 + square))


def _counts(servers: Mapping[str, ServerState], digest: str) -> Iterable[VersionCounts]:
    states = [state for server in servers.values() for state in server.versions]
    return (state.counts for state in states if state.digest == digest and state.counts is not None)
