"""A real model server process on free loopback ports, following a plan in a folder."""

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.ports import free_port
from support.waiting import wait_until
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import StoredModel, digest_of_bytes
from trimtab_stages.contract.serving_plan import PlanVersion, ServerState, ServingPlan
from trimtab_stages.store import LocalStore

START_SECONDS = 60.0
ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON body."""
        return json.loads(self.body)


@dataclass
class ServingFolder:
    """A local store, a storage directory naming it, and a plan file that is swapped as one."""

    root: Path
    plans: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        for name in ("data", "storage", "plan", "state"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "storage" / "path").write_text(str(self.root / "data"))

    @property
    def store(self) -> LocalStore:
        """The store that the server writes to."""
        return LocalStore(self.root / "data")

    def add(self, graph: bytes, **settings: Any) -> PlanVersion:
        """Store a graph and return a plan's entry for it."""
        digest = digest_of_bytes(graph)
        key = f"blobs/{digest.removeprefix('sha256:')}"
        self.store.put_if_absent(key, graph)
        return PlanVersion.model_validate({"digest": digest, "key": key} | settings)

    def add_stored(self, value: StoredModel) -> ArtifactRef:
        """Store a format and return the reference to it."""
        data = value.to_bytes()
        digest = digest_of_bytes(data)
        key = f"blobs/{hashlib.sha256(data).hexdigest()}"
        self.store.put_if_absent(key, data)
        return ArtifactRef(key=key, digest=digest, size=len(data))

    def write_plan(self, versions: Sequence[PlanVersion], **settings: Any) -> ServingPlan:
        """Swap the plan, as Kubernetes does it: a symlink is replaced."""
        plan = ServingPlan.model_validate(
            {"model": "m", "flush_seconds": 1, "capture_fraction": 1.0}
            | settings
            | {"versions": list(versions)}
        )
        self.write_plan_bytes(plan.to_bytes())
        return plan

    def write_plan_bytes(self, data: bytes) -> None:
        """Swap the plan's file for any bytes."""
        self.plans += 1
        target = self.root / "plan" / f"plan-{self.plans}.json"
        target.write_bytes(data)
        link = self.root / "plan" / "next"
        link.symlink_to(target.name)
        link.replace(self.root / "plan" / "plan.json")


@dataclass
class ServerProcess:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    grpc_port: int
    admin_port: int
    log: Path
    host: str = "127.0.0.1"

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        admin: bool = False,
    ) -> Reply:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection(
            self.host, self.admin_port if admin else self.port, timeout=ANSWER_SECONDS
        )
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, fields, answer.read())
        finally:
            connection.close()

    def infer(self, document: Any, path: str = "/v2/models/m/infer") -> Reply:
        """Send an infer request in JSON."""
        headers = {"content-type": "application/json"}
        return self.send("POST", path, json.dumps(document).encode(), headers)

    def state(self) -> ServerState:
        """Return what the admin port says of the plan."""
        return ServerState.model_validate_json(self.send("GET", "/plan", admin=True).body)

    def wait_ready(self) -> None:
        """Wait until new requests are taken."""
        wait_until(self._is_ready, START_SECONDS, what="server ready")

    def wait_following(self, plan: ServingPlan) -> None:
        """Wait until the plan is in force."""
        self.wait_ready()
        wait_until(
            lambda: self.state().revision == plan.revision, START_SECONDS, what="plan followed"
        )

    def rss(self) -> int:
        """Return the resident memory, bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended: {self.log.read_text()[-2000:]}")
        try:
            return self.send("GET", "/readyz", admin=True).status == http.client.OK
        except OSError:
            return False


@contextmanager
def running_server(
    folder: ServingFolder,
    environment: dict[str, str] | None = None,
    storage: Path | None = None,
    admin: tuple[str, int] | None = None,
) -> Iterator[ServerProcess]:
    """Run a server until the block ends; it is asked to stop, and killed if it does not.

    Args:
        folder: plan, state and log.
        environment: further variables.
        storage: names the bucket; by default that of the folder.
        admin: address and port of a pod's admin port; by default a free one.
    """
    port, grpc_port = free_port(), free_port()
    host, admin_port = admin or ("127.0.0.1", free_port())
    log = folder.root / f"server-{time.monotonic_ns()}.log"
    command = [
        *(sys.executable, "-m", "trimtab_stages.serve", "--host", host),
        *("--plan", str(folder.root / "plan" / "plan.json")),
        *("--storage", str(storage or folder.root / "storage")),
        *("--state", str(folder.root / "state")),
        *("--port", str(port), "--grpc-port", str(grpc_port), "--admin-port", str(admin_port)),
    ]
    variables = {"TRIMTAB_DRAIN_SECONDS": "0.2", "TRIMTAB_THREADS": "1"} | (environment or {})
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | variables, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield ServerProcess(process, port, grpc_port, admin_port, log, host)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
