"""Three pods while the loop closes and a person takes its result back: no request fails."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo.latency import PLAN_SECONDS
from replay.asker import late_row
from replay.streams import Stream
from support.asking_pod import Answers, asking_undisturbed
from support.closed_loop import SCENARIO, SECONDS, WINDOWS, begun, is_watching, played
from support.kubectl import Kubectl
from support.plan_followers import Followed, admin_addresses, following, plan_of
from support.rolling_back import roll_back
from support.stage import Stage
from support.waiting import wait_until
from trimtab_stages.serve.plan.version import short_name

pytestmark = [pytest.mark.e2e, pytest.mark.recovery, pytest.mark.rotating]

NAMESPACE, NAME, REPLICAS = "recovery", SCENARIO.name, 3
MORE = 100
"""So many further answers show who answers now."""


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return SCENARIO.stream(tmp_path, WINDOWS)


@pytest.fixture
def stage(installed: list[str], stream: Stream) -> Iterator[Stage]:
    assert NAMESPACE in installed
    with begun(NAMESPACE, stream, REPLICAS) as stage:
        yield stage


def test_no_request_fails_from_the_verdict_to_the_promotion_and_back(
    stage: Stage, stream: Stream, tmp_path: Path
) -> None:
    kubectl = stage.kubectl
    with ThreadPoolExecutor(1) as executor, admin_addresses(kubectl, NAME) as pods:
        assert len(pods) == REPLICAS
        first = champion(kubectl)
        playing = executor.submit(played, stage)
        wait_until(lambda: is_watching(kubectl), SECONDS, interval=0.5, what="closed windows")
        with (
            asking_undisturbed(kubectl, NAME, late_row(stream, 0).decode()) as told,
            following(kubectl, NAME, pods) as plans,
        ):
            outcome = playing.result(SECONDS)
            assert outcome.has_closed_the_loop(), outcome
            wait_until_answering(kubectl, told, plans, outcome.champion)
            roll_back(kubectl, NAME, tmp_path)
            wait_until(lambda: champion(kubectl) == first, SECONDS, what="the former champion")
            wait_until_answering(kubectl, told, plans, first)
            names = {answer.partition(" ")[0] for answer in told()}
        assert names == {short_name(first), short_name(outcome.champion)}


def champion(kubectl: Kubectl) -> str:
    return str(kubectl.get(f"model/{NAME}")["status"]["champion"]["digest"])


def wait_until_answering(
    kubectl: Kubectl, told: Callable[[], Answers], plans: Followed, digest: str
) -> None:
    """Wait until a version answers; its plan must be followed within the promised time."""

    def answers() -> int:
        name = short_name(digest)
        return sum(count for answer, count in told().items() if answer.startswith(name))

    before = answers()
    wait_until(lambda: answers() >= before + MORE, SECONDS, interval=0.5, what="its answers")
    revision = plan_of(kubectl, NAME).revision
    wait_until(lambda: revision in plans.followed, SECONDS, interval=0.2, what="the plan")
    assert plans.seconds(revision) < PLAN_SECONDS
