"""Runs a training: claims an attempt, walks the stages with or without Ray, commits."""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Commit, RunSpec, Termination
from trimtab_stages.contract.stage_key import stage_keys
from trimtab_stages.runtime.commit import commit_run, read_commit
from trimtab_stages.runtime.context import StageContext
from trimtab_stages.runtime.cpu_limit import usable_cpus
from trimtab_stages.runtime.execute import Executor, LocalExecutor
from trimtab_stages.runtime.progress import ProgressLog, claim_attempt
from trimtab_stages.runtime.ray_environment import RAY_VARIABLES
from trimtab_stages.runtime.stop import InterruptedRunError, StopFlag
from trimtab_stages.runtime.termination import RunEndedError
from trimtab_stages.runtime.walk import walk
from trimtab_stages.store import Store

JOIN_SECONDS = 600.0
"""Time for all nodes to join; a cold image can take minutes."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class RayUse:
    """How Ray is used.

    Attributes:
        storage: mounted storage directory, the same path on every node.
        address: of a cluster that is there; none starts one of this process alone.
        nodes: nodes to wait for.
        join_seconds: how long to wait for them.
    """

    storage: Path
    address: str | None = None
    nodes: int = 1
    join_seconds: float = JOIN_SECONDS


def run_training(
    spec: RunSpec, store: Store, work: Path, stop: StopFlag, ray: RayUse | None
) -> Commit:
    """Do what a run's specification says and return its commit; a committed run does nothing.

    Args:
        spec: what the run is told.
        store: where everything lies.
        work: scratch folder.
        stop: set when the process is asked to stop.
        ray: how Ray is used; none runs the stages in this process.

    Raises:
        StageError, StoreError, InterruptedRunError, RunEndedError: the run could not be finished.
    """
    if (done := read_commit(store, spec)) is not None:
        return done
    claimant = {"host": socket.gethostname(), "pid": os.getpid(), "startedNs": time.time_ns()}
    attempt = claim_attempt(store, spec.run, claimant)
    context = StageContext(
        spec=spec,
        keys=stage_keys(spec),
        store=store,
        workdir=work,
        progress=ProgressLog(store, spec.run, attempt),
        stop=stop,
        threads=usable_cpus(),
    )
    with _executor(context, ray) as executor:
        uses = walk(spec, store, executor, time.perf_counter)
    return commit_run(store, spec, uses)


@contextlib.contextmanager
def _executor(context: StageContext, ray: RayUse | None) -> Iterator[Executor]:
    if ray is None:
        yield LocalExecutor(context)
        return
    _prepare_environment(ray)
    from trimtab_stages.runtime import ray_cluster  # noqa: PLC0415 - laptops may lack Ray

    invocation = ray_cluster.Invocation(
        spec=context.spec.to_bytes(),
        storage=str(ray.storage),
        workdir=str(context.workdir),
        attempt=context.progress.attempt,
        threads=context.threads,
    )
    with ray_cluster.connected(ray.address, context.threads):
        _wait_for_nodes(ray, ray_cluster.alive_nodes, context.stop)
        yield ray_cluster.RayExecutor(invocation, context.stop)


def _prepare_environment(ray: RayUse) -> None:
    """Set what Ray reads when it is imported; a cluster of one pod gets a token of its own."""
    if ray.address is None:
        os.environ |= RAY_VARIABLES | {"RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _wait_for_nodes(ray: RayUse, count: Callable[[], int], stop: StopFlag) -> None:
    deadline = time.monotonic() + ray.join_seconds
    while (alive := count()) < ray.nodes:
        if stop.is_set():
            raise InterruptedRunError
        if time.monotonic() > deadline:
            raise RunEndedError(_incomplete(alive, ray))
        time.sleep(_POLL_SECONDS)


def _incomplete(alive: int, ray: RayUse) -> Termination:
    return Termination(
        reason=StageReason.CLUSTER_INCOMPLETE,
        message=f"{alive} of {ray.nodes} Ray nodes joined within {ray.join_seconds:g} s; check "
        "that all pods of the run are scheduled, or lower `compute.workers`",
        retryable=True,
    )
