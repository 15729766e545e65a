"""Which model serves: the newest that passed, by evidence alone."""

from datetime import timedelta

import pytest

from support.worlds import CREATED, NOW, OTHER_DIGEST, commit, finished, model, run, version
from trimtab_operator.api.model import Version
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.promotion import next_champion, promoted, version_of
from trimtab_stages.contract.gates import Evidence

OLD = run("bikes-old", status=finished())
PASSED = run("bikes-new", status=finished())
FAILED = run("bikes-new", status=finished("False", "GatesFailed"))
UNCLEAR = run("bikes-new", status=finished("Unknown", "Inconclusive"))
COMMITS = {name: commit(name) for name in ("bikes-old", "bikes-new")}


@pytest.mark.parametrize(
    ("champion", "runs", "expected"),
    [
        pytest.param(None, (PASSED,), "bikes-new", id="the first that passes"),
        pytest.param(None, (FAILED,), None, id="never one that failed"),
        pytest.param(None, (UNCLEAR,), None, id="never an inconclusive one"),
        pytest.param(None, (OLD, FAILED), "bikes-old", id="an older one that passed"),
        pytest.param("bikes-old", (OLD, PASSED), "bikes-new", id="a newer one that passed"),
        pytest.param("bikes-old", (OLD, UNCLEAR), None, id="the champion stays before a doubt"),
        pytest.param("bikes-new", (OLD, PASSED), None, id="the newest already serves"),
        pytest.param("bikes-new", (OLD, FAILED), None, id="never back to an older one"),
        pytest.param(None, (), None, id="no runs"),
    ],
)
def test_promotion(
    champion: str | None, runs: tuple[PipelineRun, ...], expected: str | None
) -> None:
    serving = version(champion) if champion else None

    found = next_champion(serving, runs, COMMITS)

    assert (found.run.metadata.name if found else None) == expected


def test_a_status_that_says_passed_does_not_promote_against_the_evidence() -> None:
    bad = commit("bikes-new", Evidence(parity_max_abs_error=0.5))

    assert next_champion(None, (PASSED,), {"bikes-new": bad}) is None


def test_a_commit_of_another_model_than_the_judged_one_does_not_promote() -> None:
    swapped = run("bikes-new", status=finished(modelDigest=OTHER_DIGEST))

    assert next_champion(None, (swapped,), COMMITS) is None


def test_without_its_commit_nothing_is_promoted() -> None:
    assert next_champion(None, (PASSED,), {}) is None


@pytest.mark.parametrize(
    ("ended", "promotes"),
    [
        pytest.param(CREATED + timedelta(1), True, id="it ended after the champion began"),
        pytest.param(CREATED - timedelta(1), False, id="it ended before the champion began"),
    ],
)
def test_a_champion_whose_run_is_gone_is_compared_by_time(ended: object, promotes: bool) -> None:  # noqa: FBT001 - a table's column
    newest = run("bikes-new", status=finished(completionTime=ended))

    assert bool(next_champion(version("bikes-gone"), (newest,), COMMITS)) is promotes


def test_the_former_champion_is_kept_newest_first_and_bounded() -> None:
    former = [version(f"bikes-{n}") for n in range(10)]
    subject = model({"champion": version("bikes-old"), "history": former})
    found = next_champion(None, (PASSED,), COMMITS)
    assert found is not None

    update = promoted(subject, version_of(found, NOW))

    champion, history = update["champion"], update["history"]
    assert isinstance(champion, Version)
    assert isinstance(history, list)
    assert champion.run == "bikes-new"
    assert [item.run for item in history] == [
        "bikes-old",
        *(f"bikes-{n}" for n in range(9)),
    ]
