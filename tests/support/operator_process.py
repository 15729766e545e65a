"""Runs the real operator as a process of its own against a real API server."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from support.apiserver import MONITOR_ACCOUNT, SYSTEM, ApiServer
from support.ports import free_port
from support.waiting import wait_until
from support.warm_start import Forked, start_warm

ROOTS = [str(Path(__file__).parents[2] / root) for root in ("operator", "stages")]
STOP_SECONDS = 20.0


@dataclass(slots=True)
class OperatorProcess:
    """A started operator.

    Attributes:
        settings: content of its settings file.
        folder: where settings and log lie.
        kubeconfig: its access to the API server.
        module: what is run; the monitor's process is started and asked in the same way.
        is_warm: started by a parent that has its imports done, for a test that starts it often.
        process: the newest start.
    """

    settings: Mapping[str, Any]
    folder: Path
    kubeconfig: Path
    module: str = "trimtab_operator"
    is_warm: bool = False
    process: "subprocess.Popen[bytes] | Forked | None" = field(default=None)

    @property
    def log(self) -> Path:
        """File of all log lines, of all starts."""
        return self.folder / "operator.log"

    @property
    def pid(self) -> int:
        """Process id."""
        return self._running().pid

    def start(self) -> None:
        """Start it; `wait_leading` waits until it works."""
        path = self.folder / "settings.yaml"
        path.write_text(yaml.safe_dump(dict(self.settings)))
        own = {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": os.pathsep.join(ROOTS)}
        arguments = ["--settings", str(path)]
        if self.is_warm:
            self.process = start_warm(self.module, arguments, own, self.log)
            return
        command = [sys.executable, "-m", self.module, *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)

    def wait_leading(self, timeout: float = 60.0) -> None:
        """Wait until it holds the Lease."""
        wait_until(self.is_leading, timeout, what=f"operator leads; see {self.log}")

    def is_leading(self) -> bool:
        """True when its metrics say that it holds the Lease."""
        assert not self.ended(), f"operator ended: {self.log.read_text()}"
        return self.metric("trimtab_leader") == 1

    def ended(self) -> bool:
        """True when the process is gone."""
        return self._running().poll() is not None

    def is_idle(self) -> bool:
        """True when no object is due or at work."""
        return self.is_leading() and self.metric_sum("trimtab_workqueue_depth{") == 0

    def kill(self) -> None:
        """End it at once, as a crash would."""
        # Another thread may start the next one as soon as this one has ended.
        process = self._running()
        process.kill()
        process.wait()

    def stop(self) -> int:
        """Ask it to end, as the kubelet would, and return its exit status."""
        if self._running().poll() is None:
            self._running().send_signal(signal.SIGTERM)
        try:
            return self._running().wait(STOP_SECONDS)
        except (subprocess.TimeoutExpired, TimeoutError):
            self._running().kill()
            raise

    def metric(self, name: str) -> float | None:
        """Return the value of one series, named as in the exposition; None where it is absent."""
        text = self._read(self.settings["ports"]["metrics"], "/metrics")
        values = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")]
        return float(values[0]) if values else None

    def metric_sum(self, prefix: str) -> float:
        """Return the sum of all series whose exposition starts with a prefix."""
        text = self._read(self.settings["ports"]["metrics"], "/metrics")
        series = [line for line in text.splitlines() if line.startswith(prefix)]
        return sum(float(line.split()[-1]) for line in series)

    def health(self) -> str:
        """Return the text of the liveness probe."""
        return self._read(self.settings["ports"]["health"], "/healthz")

    def lines(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        text = self.log.read_text().splitlines()
        return [json.loads(line) for line in text if line.startswith("{")]

    def complaints(self) -> list[dict[str, Any]]:
        """Return the log lines above the level INFO."""
        return [line for line in self.lines() if line["level"] not in {"debug", "info"}]

    def peak_megabytes(self) -> float:
        """Return the most resident memory since its start, MB."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
        return int(peak) * 1024 / 1e6

    def _running(self) -> "subprocess.Popen[bytes] | Forked":
        assert self.process is not None, "start() comes first"
        return self.process

    def _read(self, port: int, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()
        except OSError:
            return ""


def operator_settings(storage: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """Return settings for a test: free ports, a fast Lease."""
    settings = {
        "images": {"ingest": "ingest:test", "train": "train:test", "server": "server:test"},
        "codeVersion": "test",
        "storage": dict(storage),
        "lease": {"name": "trimtab-operator", "namespace": SYSTEM, "seconds": 6},
        "ports": {"health": free_port(), "metrics": free_port()},
    }
    return settings | changes


@contextmanager
def run_operator(
    server: ApiServer, folder: Path, settings: Mapping[str, Any]
) -> Iterator[OperatorProcess]:
    """Start an operator, wait until it leads, and stop it at the end."""
    with run_standby(server, folder, settings) as operator:
        operator.wait_leading()
        yield operator


@contextmanager
def run_standby(
    server: ApiServer, folder: Path, settings: Mapping[str, Any]
) -> Iterator[OperatorProcess]:
    """Start an operator and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    operator = OperatorProcess(settings, folder, server.operator_kubeconfig())
    operator.start()
    try:
        yield operator
    finally:
        operator.stop()


def monitor_settings(storage: Mapping[str, Any], **changes: object) -> dict[str, Any]:
    """Return settings of a monitor for a test: free ports, a fast Lease, short pauses."""
    settings = {
        "storage": dict(storage),
        "lease": {"name": "trimtab-monitor", "namespace": SYSTEM, "seconds": 6},
        "ports": {"health": free_port(), "metrics": free_port()},
        "pollSeconds": 1,
    }
    return settings | changes


@contextmanager
def run_monitor(
    server: ApiServer, folder: Path, settings: Mapping[str, Any]
) -> Iterator[OperatorProcess]:
    """Start a monitor, wait until it leads, and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    kubeconfig = server.operator_kubeconfig(MONITOR_ACCOUNT)
    monitor = OperatorProcess(settings, folder, kubeconfig, "trimtab_operator.monitor")
    monitor.start()
    try:
        monitor.wait_leading()
        yield monitor
    finally:
        monitor.stop()
