"""Whether a Model answers."""

import pytest

from support.worlds import NOW, RELEASE, STORE, model, pod, verdict_texts
from trimtab_operator.domain.observed import DeploymentView, ObservedModel
from trimtab_operator.domain.serving import serving_verdict
from trimtab_operator.domain.serving_plan import Following

READY = pod("a", ready=True)
ROLLED = DeploymentView("bikes-server", 1, 1, replicas=1, updated_replicas=1, pods=(READY,))


@pytest.mark.parametrize(
    ("deployment", "pods", "expected", "done"),
    [
        pytest.param(
            ROLLED,
            Following(answering=(READY,)),
            [
                "Ready=True Answering: 1 of 1 pods answer with the newest plan.",
                "Serving=True Answering: 1 of 1 pods answer with the newest plan.",
            ],
            True,
            id="all pods answer",
        ),
        pytest.param(
            None,
            Following(),
            [
                "Ready=False Deploying: 0 of 1 pods answer with the newest plan.",
                "Serving=False Deploying: 0 of 1 pods answer with the newest plan.",
                "Reconciling=True Deploying: 0 of 1 pods answer with the newest plan.",
            ],
            False,
            id="nothing is deployed yet",
        ),
        pytest.param(
            ROLLED,
            Following(answering=(READY,), behind=("b",)),
            [
                "Ready=False Deploying: 1 of 1 pods answer with the newest plan.",
                "Serving=True Deploying: 1 of 1 pods answer with the newest plan.",
                "Reconciling=True Deploying: 1 of 1 pods answer with the newest plan.",
            ],
            False,
            id="a pod is behind",
        ),
        pytest.param(
            ROLLED,
            Following(answering=(READY,), behind=("a",)),
            [
                "Ready=True Answering: 1 of 1 pods answer with the newest plan.",
                "Serving=True Answering: 1 of 1 pods answer with the newest plan.",
                "Reconciling=True Deploying: 1 pods have not taken up the newest plan yet.",
            ],
            False,
            id="a pod answers with the same champion and loads a challenger",
        ),
    ],
)
def test_serving(
    deployment: DeploymentView | None,
    pods: Following,
    expected: list[str],
    done: bool,  # noqa: FBT001 - a table's column
) -> None:
    seen = ObservedModel(release=RELEASE, storage=STORE, deployment=deployment)

    verdicts, finished = serving_verdict(model(), seen, pods, NOW)

    assert verdict_texts(verdicts) == expected
    assert finished is done
