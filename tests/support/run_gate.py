"""Stops a run's pod between two stages, by its log on this machine, until it may go on.

Some stages are over within a second, and a strike takes as long to begin. So that it meets the run
there, the pod is stopped when its log says that the stage before has ended. The log is looked at
all the time, also during an earlier strike, and needs neither API server nor store.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.pod_processes import PROC, standing_still
from trimtab_stages.contract.run import StageName

LOOK_SECONDS = 0.02


class RunGate:
    """Gates that pods of later runs come to, one after the other.

    Args:
        logs: the kubelet's folder of the pods' logs.
        namespace: of the runs.
        stages: those after whose end the pod is stopped, in order.
        proc: where the kernel tells of processes.
    """

    def __init__(
        self, logs: Path, namespace: str, stages: Sequence[StageName], proc: Path = PROC
    ) -> None:
        self._logs, self._pattern, self._proc = logs, f"{namespace}_*", proc
        self._stages = stages
        self._before = set(logs.glob(self._pattern))
        self._held: StageName | None = None
        self._passed: set[StageName] = set()
        self._slipped = ""

    def holds(self, stage: StageName) -> bool:
        """Return whether a pod stands still after a stage.

        Raises:
            AssertionError: one was in the midst of a later stage before it stood still.
        """
        assert not self._slipped, self._slipped
        return self._held is stage

    def open(self, stage: StageName) -> None:
        """Let the pod that stands still after a stage go on; the next one stops it again."""
        self._passed.add(stage)

    def watch(self, over: threading.Event) -> None:
        """Stop pods at one gate after the other."""
        for stage in self._stages:
            while (pod := self._arrived(stage)) is None:
                if over.wait(LOOK_SECONDS):
                    return
            with standing_still(pod.name.rpartition("_")[2], self._proc):
                ended = _stages_of(pod)
                if ended[-1:] != [stage]:
                    self._slipped = f"{pod.name} had ended {ended} before it stood still"
                self._held = stage
                while stage not in self._passed and not over.wait(LOOK_SECONDS):
                    pass
                self._held = None

    def _arrived(self, stage: StageName) -> Path | None:
        """Return the log folder of a new pod that has ended a stage."""
        pods = set(self._logs.glob(self._pattern)) - self._before
        return next((pod for pod in pods if stage in _stages_of(pod)), None)


@contextmanager
def run_gate(logs: Path, namespace: str, stages: Sequence[StageName]) -> Iterator[RunGate]:
    """Stop the pods of later runs at gates until the end of the block."""
    gate, over = RunGate(logs, namespace, stages), threading.Event()
    thread = threading.Thread(target=gate.watch, args=(over,), daemon=True)
    thread.start()
    try:
        yield gate
    finally:
        over.set()
        thread.join()


def ended_stages(log: str) -> list[StageName]:
    """Return the stages that a pod's log says have ended, in order.

    Args:
        log: lines of the container runtime, `<time> <stream> <tag> <what was written>`.
    """
    told = (_json(line[line.find("{") :]) for line in log.splitlines() if "{" in line)
    return [StageName(str(line["stage"])) for line in told if line.get("message") == "stage"]


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _stages_of(pod: Path) -> list[StageName]:
    # The folder goes with its pod, whenever that is.
    try:
        logs = [log.read_text(errors="replace") for log in sorted(pod.glob("train/*.log"))]
    except OSError:
        return []
    return [stage for log in logs for stage in ended_stages(log)]
