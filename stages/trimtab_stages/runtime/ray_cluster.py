"""The only importer of Ray: connects, counts nodes, and runs stages in one actor of a worker."""

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import ray.exceptions

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import RunSpec, StageName, StageResult, Termination
from trimtab_stages.contract.stage_key import stage_keys
from trimtab_stages.runtime.context import Results, StageContext, StageProduct
from trimtab_stages.runtime.execute import LocalExecutor
from trimtab_stages.runtime.logs import log_json_to_stderr
from trimtab_stages.runtime.memory import was_out_of_memory
from trimtab_stages.runtime.progress import ProgressLog
from trimtab_stages.runtime.stop import StopFlag
from trimtab_stages.runtime.termination import RunEndedError, termination_of
from trimtab_stages.store import open_store

LOG = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 100 * 1024 * 1024
"""Stages exchange artefacts through the store; Ray's own needs little."""
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the actor needs to build a stage's context on another machine.

    Attributes:
        spec: the run's specification, JSON.
        storage: mounted storage directory; the same path in every pod.
        workdir: scratch folder.
        attempt: number of the attempt.
        threads: CPU threads.
    """

    spec: bytes
    storage: str
    workdir: str
    attempt: str
    threads: int


@contextlib.contextmanager
def connected(address: str | None, cpus: int) -> Iterator[None]:
    """Connect to the cluster at `address`, or start one of this process alone.

    SIGTERM keeps the handler that it had: Ray would exit at once, without a last checkpoint.
    """
    before = signal.getsignal(signal.SIGTERM)
    if address is None:
        # Without "local", Ray would join whatever cluster it finds on this machine.
        ray.init(
            address="local",
            num_cpus=cpus,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
        )
    else:
        ray.init(address=address)
    signal.signal(signal.SIGTERM, before)
    try:
        yield
    finally:
        ray.shutdown()


def alive_nodes() -> int:
    """Return how many nodes of the connected cluster are alive."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
    return sum(1 for node in nodes if node["Alive"])


class RayExecutor:
    """Runs stages in one actor: on a worker with a GPU if there is one."""

    def __init__(self, invocation: Invocation, stop: StopFlag) -> None:
        found = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray leaves it untyped
        gpus = 1 if found.get("GPU", 0) >= 1 else 0
        # An actor's methods gain `.remote` at run time, which no type says.
        trainer: Any = ray.remote(StageActor)
        self._actor = trainer.options(num_cpus=1, num_gpus=gpus, max_concurrency=2).remote(
            invocation
        )
        self._stop = stop

    def run(self, stage: StageName, results: Results) -> StageProduct:
        """Run one stage in the actor; a request to stop is passed on to it.

        Raises:
            RunEndedError: the stage failed, or its worker is gone; carries the last words.
        """
        wires = {name.value: result.to_bytes() for name, result in results.items()}
        answer = self._actor.run.remote(stage.value, wires)
        asked = False
        while not ray.wait([answer], timeout=_POLL_SECONDS)[0]:
            if self._stop.is_set() and not asked:
                self._actor.stop.remote()
                asked = True
        try:
            return _product_of(ray.get(answer))
        except ray.exceptions.RayError as error:
            raise RunEndedError(_lost_worker(error)) from error


class StageActor:
    """Lives in a Ray worker; answers with plain values, because errors do not travel well."""

    def __init__(self, invocation: Invocation) -> None:
        log_json_to_stderr()
        spec = RunSpec.model_validate_json(invocation.spec)
        store = open_store(Path(invocation.storage))
        self._asked = threading.Event()
        self._executor = LocalExecutor(
            StageContext(
                spec=spec,
                keys=stage_keys(spec),
                store=store,
                workdir=Path(invocation.workdir),
                progress=ProgressLog(store, spec.run, invocation.attempt),
                stop=self._asked,
                threads=invocation.threads,
            )
        )

    def run(self, stage: str, results: dict[str, bytes]) -> dict[str, Any]:
        """Run one stage; returns its product, or under `ended` how it failed."""
        read = {
            StageName(name): StageResult.model_validate_json(data) for name, data in results.items()
        }
        try:
            product = self._executor.run(StageName(stage), read)
        except Exception as error:
            LOG.exception("stage failed", extra={"stage": stage})
            return {"ended": termination_of(error).to_wire()}
        outputs = {name: ref.to_wire() for name, ref in product.outputs.items()}
        return {"outputs": outputs, "numbers": product.numbers}

    def stop(self) -> None:
        """Ask the running stage to stop; runs beside it in a second thread."""
        self._asked.set()


def _lost_worker(error: ray.exceptions.RayError) -> Termination:
    if isinstance(error, ray.exceptions.OutOfMemoryError) or was_out_of_memory():
        return termination_of(MemoryError())
    return Termination(
        reason=StageReason.INTERRUPTED,
        message=f"the Ray worker that ran the stage is gone ({type(error).__name__}); the next "
        "attempt continues from the newest checkpoint",
        retryable=True,
    )


def _product_of(answer: dict[str, Any]) -> StageProduct:
    if "ended" in answer:
        raise RunEndedError(Termination.model_validate(answer["ended"]))
    outputs = {name: ArtifactRef.model_validate(ref) for name, ref in answer["outputs"].items()}
    return StageProduct(outputs, answer["numbers"])
