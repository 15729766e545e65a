"""How far a run is, without floats."""

import pytest

from support.worlds import job, pod
from trimtab_operator.domain.observed import JobView
from trimtab_operator.domain.progress import attempts_started, progress_status
from trimtab_stages.contract.run import Progress, StageName


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        pytest.param(job(active=0), 0, id="no pod yet"),
        pytest.param(job(), 1, id="a pod that is not seen yet"),
        pytest.param(job(pod("a", index=0), pod("b", index=0)), 2, id="a second attempt"),
        pytest.param(job(pod("a", index=0), pod("b", index=1)), 1, id="workers are no attempts"),
    ],
)
def test_attempts(view: JobView, expected: int) -> None:
    assert attempts_started(view) == expected


def test_figures_become_text() -> None:
    numbers = {"validationLoss": 0.123456, "loss": 0.5}

    found = progress_status(Progress(stage=StageName.TRAIN, done=3, of=60, numbers=numbers))

    assert found is not None
    assert found.message == "loss 0.5, validationLoss 0.1235"


def test_many_figures_fit_the_field() -> None:
    numbers = {f"figure{n}": 1.0 for n in range(100)}

    found = progress_status(Progress(stage=StageName.TRAIN, done=3, of=60, numbers=numbers))

    assert found is not None
    assert len(found.message) == 256


def test_no_progress_is_none() -> None:
    assert progress_status(None) is None
