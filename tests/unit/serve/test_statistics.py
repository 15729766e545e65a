"""What a version's outcomes say of it."""

import pytest

from trimtab_stages.serve.statistics import VersionStatistics

OUTCOMES = ("inference", "internal", "out_of_memory", "deadline", "abandoned")
NO_FAULT = ("invalid", "overloaded", "client_gone")


@pytest.mark.parametrize(
    ("named", "requests", "failed"),
    [
        pytest.param(False, 1, len(OUTCOMES), id="the plan's traffic"),
        pytest.param(True, 0, 0, id="tries by name are nobody's evidence"),
    ],
)
def test_failures_are_the_outcomes_of_the_plans_traffic_that_a_version_caused(
    requests: int, failed: int, *, named: bool
) -> None:
    statistics = VersionStatistics()
    statistics.answered(3, 0.001, named=named)
    for code in (*OUTCOMES, *NO_FAULT):
        statistics.failed(code, named=named)

    counts = statistics.counts([])

    assert (counts.requests, counts.rows, counts.failed_requests) == (requests, 3, failed)
    assert statistics.codes.total() == 1 + len(OUTCOMES) + len(NO_FAULT), "the metrics tell all"
