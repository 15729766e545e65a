"""Settings of one server process; only `read_settings` looks at arguments and environment."""

import argparse
import importlib.metadata
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trimtab_stages.serve.oip.tensors import Limits

MEBIBYTE = 1 << 20
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Bounds on connections and requests.

    Attributes:
        body_bytes: largest body, as sent and inflated.
        head_bytes: largest request line and headers together.
        headers: most headers.
        connections: most open connections.
        buffered_bytes: most body bytes of all unfinished requests together.
        receive_seconds: time for a client to send a whole request.
        answer_seconds: time for the server to answer one.
        idle_seconds: time that an unused connection stays open.
    """

    body_bytes: int = 64 * MEBIBYTE
    head_bytes: int = 16 * 1024
    headers: int = 64
    connections: int = 4096
    buffered_bytes: int = 512 * MEBIBYTE
    receive_seconds: float = 30.0
    answer_seconds: float = 30.0
    idle_seconds: float = 75.0


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How graphs are run.

    Attributes:
        threads: threads inside one run.
        slots: runs of one version that may be under way on threads at once.
        inline_seconds: runs expected to be shorter than this happen on the loop itself; 0 for none.
        merge_rows: most rows in a merged run; 0 never merges.
        costly_merge_rows: the same for graphs that need long for a row.
        costly_row_seconds: what "long" is.
        waiting_requests: most requests waiting for one version before new ones are refused.
    """

    threads: int = 1
    slots: int = 1
    inline_seconds: float = 0.0005
    merge_rows: int = 256
    costly_merge_rows: int = 32
    costly_row_seconds: float = 10e-6
    waiting_requests: int = 1024

    def for_shadow(self) -> "RunSettings":
        """Return how a version runs that scores after the reply: one at a time, on a thread."""
        return replace(self, slots=1, inline_seconds=0.0)


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Everything that a server process is told.

    Attributes:
        plan: the serving plan's file.
        storage: directory that describes the store.
        state: directory for model files and crash markers; an emptyDir in a pod.
        host: address to listen on.
        port: port of the inference protocol over HTTP, 0 for any.
        grpc_port: port of the inference protocol over gRPC, 0 for any.
        admin_port: port of metrics, plan and health, 0 for any.
        pod: name of this pod, part of what it writes.
        release: Trimtab's version, shown in the server's metadata.
        poll_seconds: how often the plan's file is looked at.
        check_seconds: time for a version's load check.
        drain_seconds: time between readiness 503 and the end of listening at shutdown.
        grace_seconds: time for requests in flight, and for the last flush, at shutdown.
        http: bounds on connections and requests.
        limits: bounds on one request's tensors.
        run: how graphs are run.
    """

    plan: Path
    storage: Path
    state: Path
    host: str = "0.0.0.0"  # noqa: S104 - a pod serves on its own address
    port: int = 8080
    grpc_port: int = 9000
    admin_port: int = 8081
    pod: str = "local"
    release: str = "unpackaged"
    poll_seconds: float = 0.5
    check_seconds: float = 120.0
    drain_seconds: float = 5.0
    grace_seconds: float = 20.0
    http: HttpLimits = field(default_factory=HttpLimits)
    limits: Limits = field(default_factory=Limits)
    run: RunSettings = field(default_factory=RunSettings)


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> ServeSettings:
    """Return the settings that a command line and an environment ask for.

    Environment: `TRIMTAB_THREADS` (default: whole processors of the container's limit),
    `TRIMTAB_MAX_BODY_BYTES`, `TRIMTAB_MERGE_ROWS`, `TRIMTAB_DRAIN_SECONDS`, `TRIMTAB_VERSION`,
    `HOSTNAME`.
    """
    options = _parser().parse_args(arguments)
    processors = container_processors(CGROUP)
    threads = int(environment.get("TRIMTAB_THREADS", processors))
    return ServeSettings(
        plan=options.plan,
        storage=options.storage,
        state=options.state,
        host=options.host,
        port=options.port,
        grpc_port=options.grpc_port,
        admin_port=options.admin_port,
        pod=environment.get("HOSTNAME", "local"),
        release=environment.get("TRIMTAB_VERSION", _installed_release()),
        drain_seconds=float(environment.get("TRIMTAB_DRAIN_SECONDS", "5")),
        http=HttpLimits(
            body_bytes=int(environment.get("TRIMTAB_MAX_BODY_BYTES", 64 * MEBIBYTE)),
        ),
        run=RunSettings(
            threads=threads,
            slots=processors,
            merge_rows=int(environment.get("TRIMTAB_MERGE_ROWS", "256")),
        ),
    )


def container_processors(cgroup: Path) -> int:
    """Return the container's processor limit in whole processors, 1 where there is none.

    Source: cgroup v2 `cpu.max`, "<quota> <period>" in microseconds.
    """
    try:
        quota, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 1
    return 1 if quota == "max" else max(1, int(quota) // int(period))


def container_memory_left(cgroup: Path, default: int) -> int:
    """Return how many bytes the container may still take, `default` where nothing limits it.

    Source: cgroup v2 `memory.max` and `memory.current`.
    """
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return default
    return default if limit == "max" else max(0, int(limit) - used)


def _installed_release() -> str:
    try:
        return importlib.metadata.version("trimtab")
    except importlib.metadata.PackageNotFoundError:
        return "unpackaged"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trimtab_stages.serve", description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="the serving plan's file")
    parser.add_argument("--storage", type=Path, required=True, help="directory naming the store")
    default_state = Path(tempfile.gettempdir()) / f"trimtab-serve-{os.getuid()}"
    parser.add_argument("--state", type=Path, default=default_state, help="model files, markers")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 - a pod serves on its own address
    parser.add_argument("--port", type=int, default=8080, help="inference protocol, HTTP")
    parser.add_argument("--grpc-port", type=int, default=9000, help="inference protocol, gRPC")
    parser.add_argument("--admin-port", type=int, default=8081, help="metrics, plan, health")
    return parser
