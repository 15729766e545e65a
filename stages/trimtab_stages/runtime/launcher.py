"""Forms a Ray cluster of the pods of one Indexed Job, without KubeRay.

Index 0 starts the head and, beside it, the driver, whose exit code is the pod's own; the others
join the head and stay until it is gone. All processes are children of this one: nothing else on
the machine is touched.
"""

import contextlib
import hashlib
import hmac
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trimtab_stages.contract.run import RunSpec
from trimtab_stages.runtime.commit import read_commit
from trimtab_stages.runtime.cpu_limit import usable_cpus
from trimtab_stages.runtime.options import Options
from trimtab_stages.runtime.ray_environment import RAY_VARIABLES
from trimtab_stages.runtime.stop import StopFlag, stop_on_sigterm
from trimtab_stages.runtime.termination import DONE, RETRYABLE
from trimtab_stages.runtime.training import JOIN_SECONDS
from trimtab_stages.store import Store

LOG = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 100 * 1024 * 1024
_POLL_SECONDS = 0.5
_STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Which pod of how many this is.

    Attributes:
        nodes: pods of the Job.
        index: this pod's completion index.
        head: host and port of index 0.
    """

    nodes: int
    index: int
    head: str

    @property
    def port(self) -> int:
        """Port of the head."""
        return int(self.head.rpartition(":")[2])


def read_cluster_settings(environment: Mapping[str, str]) -> ClusterSettings | None:
    """Return the settings that the Job's environment gives, or None for a single pod."""
    nodes = int(environment.get("TRIMTAB_NODES") or 1)
    if nodes == 1:
        return None
    return ClusterSettings(
        nodes=nodes,
        index=int(environment["JOB_COMPLETION_INDEX"]),
        head=environment["TRIMTAB_HEAD_ADDRESS"],
    )


def launch(cluster: ClusterSettings, options: Options, spec: RunSpec, store: Store) -> int:
    """Play this pod's part and return its exit code.

    Args:
        cluster: which pod this is.
        options: command line, handed on to the driver.
        spec: the run's specification.
        store: where the run commits.
    """
    stop = stop_on_sigterm()
    environment = build_environment(options.storage, spec)
    if cluster.index == 0:
        return _lead(cluster, options, environment, stop)
    return _join(cluster, environment, stop, lambda: read_commit(store, spec) is not None)


def build_environment(storage: Path, spec: RunSpec) -> dict[str, str]:
    """Return the variables of all Ray processes of a run.

    The token is made of the namespace's storage credentials and the run: all pods of the run know
    it without a Secret of its own, and nobody else does.
    """
    files = sorted(path for path in storage.iterdir() if path.is_file())
    secret = b"\0".join(path.read_bytes() for path in files)
    token = hmac.new(secret, f"ray/{spec.run}/{spec.trigger_id}".encode(), hashlib.sha256)
    return RAY_VARIABLES | dict(os.environ) | {"RAY_AUTH_TOKEN": token.hexdigest()}


def _lead(
    cluster: ClusterSettings, options: Options, environment: dict[str, str], stop: StopFlag
) -> int:
    head = [f"--port={cluster.port}", "--head", "--include-dashboard=false"]
    address = ("127.0.0.1", cluster.port)
    with _child(_ray_start(head), environment) as ray:
        if not _wait_for_head(address, ray, stop):
            return RETRYABLE
        driver = [sys.executable, "-m", "trimtab_stages", *options.for_driver()]
        joined = environment | {"RAY_ADDRESS": f"127.0.0.1:{cluster.port}"}
        with _child(driver, joined) as child:
            return _exit_code(child, stop)


def _join(
    cluster: ClusterSettings,
    environment: dict[str, str],
    stop: StopFlag,
    is_committed: Callable[[], bool],
) -> int:
    address = (cluster.head.rpartition(":")[0], cluster.port)
    if not is_committed() and _wait_for_head(address, None, stop):
        with _child(_ray_start([f"--address={cluster.head}"]), environment) as worker:
            code = _exit_code(worker, stop)
            LOG.info("the head is gone", extra={"code": code})
    return DONE if is_committed() else RETRYABLE


def _ray_start(arguments: list[str]) -> list[str]:
    return [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block"),
        *(f"--num-cpus={usable_cpus()}", f"--object-store-memory={OBJECT_STORE_BYTES}"),
        *arguments,
    ]


@contextlib.contextmanager
def _child(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a child process for the length of the block; ends it, with its own children, after."""
    child = subprocess.Popen(command, env=environment)  # noqa: S603 - this program and Ray's
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _exit_code(child: subprocess.Popen[bytes], stop: StopFlag) -> int:
    """Return the child's exit code; a request to stop is passed on to it."""
    asked = False
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = child.wait(_POLL_SECONDS)
            # A child that a signal ended has a negative code, which no process can exit with.
            return code if code >= 0 else RETRYABLE
        if stop.is_set() and not asked:
            child.terminate()
            asked = True


def _wait_for_head(
    address: tuple[str, int], ray: subprocess.Popen[bytes] | None, stop: StopFlag
) -> bool:
    """Return True once the head's port answers; False if it will not, or this pod is to stop."""
    deadline = time.monotonic() + JOIN_SECONDS
    while time.monotonic() < deadline and not stop.is_set():
        if ray is not None and ray.poll() is not None:
            LOG.error("the Ray head ended at once", extra={"code": ray.returncode})
            return False
        try:
            with socket.create_connection(address, timeout=1.0):
                return True
        except OSError:
            time.sleep(_POLL_SECONDS)
    LOG.error("the Ray head does not answer", extra={"address": f"{address[0]}:{address[1]}"})
    return False
