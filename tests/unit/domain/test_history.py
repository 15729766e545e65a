"""Which finished runs go."""

import pytest

from support.worlds import finished, model, run, version
from trimtab_operator.api.model import Model
from trimtab_operator.domain.history import outdated_runs

RUNS = tuple(run(f"bikes-{n}", status=finished()) for n in range(4))


def kept_by(limit: int, *models: Model) -> list[str]:
    gone = {delete.name for delete in outdated_runs(RUNS, models, limit)}
    return [item.metadata.name for item in RUNS if item.metadata.name not in gone]


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        pytest.param(4, ["bikes-0", "bikes-1", "bikes-2", "bikes-3"], id="all fit"),
        pytest.param(2, ["bikes-2", "bikes-3"], id="the newest stay"),
        pytest.param(1, ["bikes-3"], id="one stays"),
    ],
)
def test_the_limit(limit: int, kept: list[str]) -> None:
    assert kept_by(limit) == kept


def test_the_champion_and_its_predecessor_stay() -> None:
    status = {
        "champion": version("bikes-1"),
        "history": [version("bikes-0"), version("bikes-2")],
    }

    assert kept_by(1, model(status)) == ["bikes-0", "bikes-1", "bikes-3"]


def test_runs_at_work_neither_count_nor_go() -> None:
    runs = (run("bikes-old"), *RUNS)

    assert outdated_runs(runs, (), 4) == ()
