"""Takes a part away at one hop after the other, in a thread beside what is played.

Hops that last are seen by looking at the cluster again and again. Those within a run are over in a
second: there the run, or the operator that judges it, stands still until the victim is gone. So
does the play in the midst of a window: a strike there is over before what the window leads to.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from demo.tenant import tenant_store
from localcluster.settings import from_environment
from support.kubectl import Kubectl, KubectlError
from support.run_gate import RunGate, run_gate
from support.stage import Stage
from support.strikes import component_standing_still
from support.victims import STRIKES
from trimtab_stages.contract.layout import run_commit
from trimtab_stages.contract.run import StageName
from trimtab_stages.store import StoreError

LOOK_SECONDS = 0.2
GoOn = Callable[[], None]


class OverError(Exception):
    """The play has ended before a hop was reached."""


@dataclass(frozen=True)
class Scene:
    """What hops are looked for in.

    Attributes:
        stage: what is played.
        gate: stops the pods of its runs.
        over: set when the play has ended.
    """

    stage: Stage
    gate: RunGate
    over: threading.Event

    def until(self, probe: Callable[[], bool]) -> None:
        """Look until something holds, also while API server or store come back.

        Raises:
            OverError: the play has ended before. One that has failed must not be struck when the
                next one is on.
        """
        while not _holds(probe):
            if self.over.wait(LOOK_SECONDS):
                raise OverError


def _holds(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except (KubectlError, StoreError):
        return False


@dataclass(frozen=True)
class Hop:
    """A moment of a play.

    Attributes:
        reached: waits for it; yields what lets go on what stands still.
        ended: stage after whose end a run's pod must stand still for it.
    """

    reached: Callable[[Scene], AbstractContextManager[GoOn]]
    ended: StageName | None = None


def seen(probe: Callable[[Kubectl], bool]) -> Hop:
    """Return the hop at which something is seen in the cluster."""
    return Hop(partial(_seen, probe))


@contextmanager
def _seen(probe: Callable[[Kubectl], bool], scene: Scene) -> Iterator[GoOn]:
    scene.until(lambda: probe(scene.stage.kubectl))
    yield lambda: None


def midway(window: int) -> Hop:
    """Return the hop at which half of a window's rows are asked for."""
    return Hop(partial(_midway, window))


@contextmanager
def _midway(window: int, scene: Scene) -> Iterator[GoOn]:
    player = scene.stage.player
    rows = player.stream.window(window)
    with player.pausing_before(int(rows[len(rows) // 2])) as pause:
        scene.until(pause.reached.is_set)
        yield pause.over.set


def after(ended: StageName) -> Hop:
    """Return the hop at which a run does what follows a stage."""
    return Hop(partial(_after, ended), ended)


@contextmanager
def _after(ended: StageName, scene: Scene) -> Iterator[GoOn]:
    scene.until(lambda: scene.gate.holds(ended))
    yield lambda: scene.gate.open(ended)


@contextmanager
def _gating(scene: Scene) -> Iterator[GoOn]:
    """Wait until a run is committed and nobody has judged it: the operator stands still."""
    kubectl = scene.stage.kubectl
    scene.until(lambda: scene.gate.holds(StageName.EVALUATE))
    with component_standing_still("operator") as go_on:
        scene.gate.open(StageName.EVALUATE)
        scene.until(lambda: _is_committed(kubectl, newest_run(kubectl)))
        judged = kubectl.condition(f"pipelinerun/{newest_run(kubectl)}", "GatesPassed")
        assert judged.get("status") not in {"True", "False"}, judged
        yield go_on


def _is_committed(kubectl: Kubectl, run: str) -> bool:
    with tenant_store(kubectl.namespace) as store:
        return store.exists(run_commit(run))


def newest_run(kubectl: Kubectl) -> str:
    """Return the name of the newest of a namespace's runs."""
    runs = kubectl.get("pipelineruns", "--sort-by=.metadata.creationTimestamp")["items"]
    return str(runs[-1]["metadata"]["name"])


WITHIN_A_RUN: Mapping[str, Hop] = {
    "exporting": after(StageName.REFIT),
    "evaluating": after(StageName.EXPORT),
    "gating": Hop(_gating, StageName.EVALUATE),
}
"""For a run that is refitted, as those of the examples are. Only of the embedded cluster."""


@contextmanager
def striking(stage: Stage, victim: str, hops: Mapping[str, Hop]) -> Iterator[None]:
    """Take a victim away once at each hop, in order, beside what the block does.

    Raises:
        AssertionError: not every hop was reached, or a strike could not be carried out.
    """
    logs = from_environment(os.environ).state / "pod-logs"
    ended = [hop.ended for hop in hops.values() if hop.ended is not None]
    over = threading.Event()
    with (
        run_gate(logs, stage.kubectl.namespace, ended) as gate,
        ThreadPoolExecutor(1) as executor,
    ):
        struck = executor.submit(_strike, Scene(stage, gate, over), victim, hops)
        try:
            yield
        finally:
            over.set()
        assert struck.result() == list(hops), "each hop was reached, and struck at"


def _open_all(gate: RunGate, hops: Mapping[str, Hop]) -> None:
    for hop in hops.values():
        if hop.ended is not None:
            gate.open(hop.ended)


def _strike(scene: Scene, victim: str, hops: Mapping[str, Hop]) -> list[str]:
    struck: list[str] = []
    with suppress(OverError), ExitStack() as stack:
        # Where a strike fails, the play ends without standing still for those that would follow.
        stack.callback(_open_all, scene.gate, hops)
        for name, hop in hops.items():
            with hop.reached(scene) as go_on, STRIKES[victim](scene.stage):
                go_on()
            struck.append(name)
    return struck
