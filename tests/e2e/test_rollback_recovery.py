"""Whatever is taken away while a rollback is on its way: the same version comes back, told once.

`make test-recovery` plays once for each victim, takes it away at one hop after the other, and
compares with a play that nothing disturbs. In `make test` one victim at one hop takes its turn with
the other kills, alone.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from support.kubectl import Kubectl
from support.rollback_play import HOPS, Outcome, Strike, begun, played
from support.stage import Stage
from support.victims import EMBEDDED, STRIKES
from trimtab_stages.contract.audit import AuditAction

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.recovery,
    pytest.mark.skipif(not EMBEDDED, reason="only the embedded operator can stand still"),
]

NAMESPACE = "recovery"
VICTIMS = [victim for victim in STRIKES if victim != "stage"]
"""Nothing is trained meanwhile."""
STARTED, PROMOTED = AuditAction.ROLLOUT_STARTED, AuditAction.PROMOTED
RECORDED = ((STARTED, AuditAction.ROLLED_BACK), (STARTED, PROMOTED, AuditAction.ROLLED_BACK))


def _case(victim: str, hops: Collection[str], turn: pytest.MarkDecorator) -> Any:
    """Return a victim and its hops as a parameter that is run in turn, or whole."""
    place = "every-hop" if len(hops) > 1 else next(iter(hops))
    return pytest.param(victim, hops, id=f"{victim}-at-{place}", marks=turn)


CASES = [
    *(_case(one, (hop,), pytest.mark.rotating(alone=True)) for one in VICTIMS for hop in HOPS),
    *(_case(victim, HOPS, pytest.mark.whole) for victim in VICTIMS),
]


@pytest.fixture(scope="module")
def undisturbed(
    installed: list[str], tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Outcome | None:
    """Return what comes of an undisturbed play; None where one strike alone is not worth one."""
    assert NAMESPACE in installed
    if not pytestconfig.getoption("--all-kills"):
        return None
    with begun(Kubectl(NAMESPACE), lambda _: lambda _: nullcontext()) as play:
        return played(play, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(("victim", "hops"), CASES)
def test_a_strike_changes_no_rollback(
    undisturbed: Outcome | None, victim: str, hops: Collection[str], tmp_path: Path
) -> None:
    struck: list[str] = []
    with begun(Kubectl(NAMESPACE), striking(victim, hops, struck)) as play:
        found = played(play, tmp_path)
    assert struck == list(hops)
    assert found.champion == play.champion
    assert found.triggers == ("NewSnapshot", "Request", "Request")
    assert found.records == RECORDED
    assert undisturbed is None or found == undisturbed


def striking(victim: str, hops: Collection[str], struck: list[str]) -> Callable[[Stage], Strike]:
    """Return what takes a victim away at some hops, and notes them."""

    def striker(stage: Stage) -> Strike:
        @contextmanager
        def strike(hop: str) -> Iterator[None]:
            if hop not in hops:
                yield
                return
            with STRIKES[victim](stage):
                yield
            struck.append(hop)

        return strike

    return striker
