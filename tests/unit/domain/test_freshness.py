"""How old the newest row may be."""

from datetime import timedelta

import pytest

from support.worlds import CREATED, NOW, dataset, ingest_commit, snapshot
from trimtab_operator.domain.freshness import freshness, timestamps_trusted


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(7200, "True", id="younger than the limit"),
        pytest.param(3600, "False", id="exactly the limit is too old"),
        pytest.param(600, "False", id="older than the limit"),
    ],
)
def test_fresh(limit: int, expected: str) -> None:
    found = freshness(dataset(freshForSeconds=limit), snapshot(), NOW)

    assert [verdict.status for verdict in found.verdicts] == [expected]


def test_a_fresh_snapshot_says_when_it_will_be_old() -> None:
    found = freshness(dataset(freshForSeconds=7200), snapshot(), NOW)

    assert found.expires == CREATED + timedelta(seconds=7200)


def test_an_old_snapshot_names_the_source_and_the_next_step() -> None:
    found = freshness(dataset(freshForSeconds=600), snapshot(), NOW)

    assert found.verdicts[0].message == (
        "The newest row is of 2026-01-01T00:00:00Z, older than `spec.freshForSeconds` (600 s). See "
        "that `raw/bikes.csv` still grows, then set `spec.refreshSeconds` or annotate the Dataset "
        "with `trimtab.dev/refresh-requested`."
    )


def test_without_a_limit_nothing_is_said() -> None:
    assert freshness(dataset(), snapshot(), NOW).verdicts == ()


def test_corrected_time_stamps_are_not_trusted() -> None:
    commit = ingest_commit("x").model_copy(update={"timestamps_trusted": False})

    verdict = timestamps_trusted(commit)

    assert (verdict.status, verdict.reason) == ("False", "Corrected")
