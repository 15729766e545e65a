"""What all pods together say of a version."""

import pytest

from support.rollouts import A, B, alone, counts, deployed, refuses, served, times
from support.worlds import pod
from trimtab_operator.domain.version_health import (
    Health,
    Strata,
    champion_health,
    compare_times,
    refusal,
    shadow_health,
    wilson_low,
)
from trimtab_stages.contract.serving_plan import RunTimes


def test_a_shadow_is_judged_by_what_it_scored_in_all_pods() -> None:
    seen = served(
        alone(),
        counts("a", requests=100, failed_requests=9, times=[times(0.001)]),
        counts("b", requests=7, shadow_requests=90, shadow_failed_requests=2, times=[times(0.002)]),
        pods=2,
    )

    found = shadow_health(seen.deployment, seen.servers, B, A)

    assert (found.requests, found.failed) == (180, 4)
    assert found.pace is not None
    assert found.pace.ratio == pytest.approx(2.0)
    assert found.pace.rows == 400
    assert found.pace.extra_seconds == pytest.approx(0.001)


def test_a_champion_is_judged_by_what_it_answered() -> None:
    seen = served(alone(), counts("a", requests=50, failed_requests=5, shadow_requests=900), pods=3)

    found = champion_health(seen.deployment, seen.servers, A, B)
    assert found == Health(requests=150, failed=15)


def strata(**pods: list[RunTimes]) -> dict[tuple[str, int], RunTimes]:
    return {(pod, one.size): one for pod, sizes in pods.items() for one in sizes}


@pytest.mark.parametrize(
    ("mine", "theirs", "ratio", "rows"),
    [
        pytest.param(
            strata(p=[times(0.002)]), strata(p=[times(0.001, runs=50)]), 2.0, 50, id="one size"
        ),
        pytest.param(
            strata(p=[times(0.002, size=8)]),
            strata(p=[times(0.001)]),
            None,
            None,
            id="no common size",
        ),
        pytest.param({}, strata(p=[times(0.001)]), None, None, id="no run yet"),
        pytest.param(
            strata(p=[times(0.001), times(0.01, size=8)]),
            strata(p=[times(0.001, runs=900), times(0.005, runs=100, size=8)]),
            (900 * 0.001 + 100 * 0.01) / (900 * 0.001 + 100 * 0.005),
            900 + 100 * 8,
            id="weighted by the champion's mix",
        ),
        pytest.param(
            strata(fast=[times(0.001, runs=10)], slow=[times(0.01, runs=990)]),
            strata(fast=[times(0.001, runs=990)], slow=[times(0.01, runs=10)]),
            1.0,
            1000,
            id="pods that are slower than others are compared within themselves",
        ),
        pytest.param(
            strata(p=[times(0.002)]), strata(q=[times(0.001)]), None, None, id="no common pod"
        ),
        pytest.param(strata(p=[times(0.0)]), strata(p=[times(0.0)]), None, None, id="no time"),
    ],
)
def test_times_are_compared_within_pods_and_sizes(
    mine: Strata, theirs: Strata, ratio: float | None, rows: int | None
) -> None:
    found = compare_times(mine, theirs)

    assert (found.ratio if found is not None else None) == pytest.approx(ratio)
    assert (found.rows if found is not None else None) == rows


def test_restarts_count_from_where_they_stood() -> None:
    pods = deployed(pod("a", restarts=3), pod("b", restarts=1))

    found = shadow_health(pods, {}, B, A)

    assert found.restarts == 4
    assert found.since(3).restarts == 1
    assert found.since(9).restarts == 0


@pytest.mark.parametrize(
    ("reason", "counts_as_refusal"),
    [
        ("CrashedOnLoad", True),
        ("ModelMissing", True),
        ("StoreUnreachable", False),
        ("AccessDenied", False),
        ("Loading", False),
        ("Loaded", False),
    ],
)
def test_what_passes_is_no_refusal(reason: str, counts_as_refusal: bool) -> None:  # noqa: FBT001 - a table's column
    seen = served(alone(), refuses("b", reason))

    assert (refusal(seen.servers, B) is not None) is counts_as_refusal
    assert refusal(seen.servers, A) is None


@pytest.mark.parametrize(
    ("hits", "trials", "low"),
    [
        # Newcombe 1998, table I, method 3: score without continuity correction.
        pytest.param(81, 263, 0.2553, id="81 of 263"),
        pytest.param(15, 148, 0.0624, id="15 of 148"),
        pytest.param(0, 20, 0.0, id="0 of 20"),
        pytest.param(1, 29, 0.0061, id="1 of 29"),
        pytest.param(0, 0, 0.0, id="nothing"),
    ],
)
def test_wilson(hits: int, trials: int, low: float) -> None:
    assert wilson_low(hits, trials) == pytest.approx(low, abs=5e-5)
