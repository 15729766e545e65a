"""kubectl, as a person would use it: apply, wait for a condition, read, forward a port."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.folders import ADMIN_KUBECONFIG, find_program
from support.waiting import wait_until

API_SECONDS = 60
ALLOWED_CONTEXT = re.compile(r"^(trimtab|kind-|minikube|trimtab-.*)")


class KubectlError(Exception):
    """kubectl refused or failed; the message is its own."""


def _target() -> list[str]:
    context = os.environ.get("KUBE_CONTEXT")
    if context is None:
        return ["--kubeconfig", str(ADMIN_KUBECONFIG)]
    if not ALLOWED_CONTEXT.match(context):
        raise KubectlError(
            f"context {context} is not one that tests may change: its name must begin with "
            "trimtab, kind- or minikube"
        )
    return ["--context", context]


@dataclass(frozen=True)
class Kubectl:
    """kubectl against the embedded cluster, or the one that KUBE_CONTEXT names."""

    namespace: str = "default"
    target: list[str] = field(default_factory=_target)

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 120) -> str:
        """Run kubectl and return what it prints.

        Raises:
            KubectlError: it failed; the message is its standard error.
        """
        command = [find_program("kubectl"), *self.target, "-n", self.namespace, *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def helm(self, *arguments: str, timeout: float = 600) -> str:
        """Run helm and return what it prints.

        Raises:
            KubectlError: it failed; the message is its standard error.
        """
        target = [part.replace("--context", "--kube-context") for part in self.target]
        done = subprocess.run(
            [find_program("helm"), *target, "-n", self.namespace, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise KubectlError(f"helm {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, manifest: Path | str | dict[str, Any]) -> str:
        """Apply a file, a YAML text or an object."""
        if isinstance(manifest, Path):
            return self.run("apply", "-f", str(manifest))
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.run("apply", "-f", "-", stdin=text)

    def get(self, *what: str) -> dict[str, Any]:
        """Return an object or a list as JSON."""
        read: dict[str, Any] = json.loads(self.run("get", *what, "-o", "json"))
        return read

    def get_patiently(self, *what: str) -> dict[str, Any]:
        """Read as `get` does, also from a cluster whose API server is away for a while."""

        def read() -> dict[str, Any]:
            try:
                return self.get(*what)
            except KubectlError as error:
                raise AssertionError(str(error)) from error

        return wait_until(read, API_SECONDS, interval=1, what=" ".join(what))

    def condition(self, what: str, kind: str) -> dict[str, Any]:
        """Return a condition of an object; empty where it is absent."""
        conditions = self.get(what).get("status", {}).get("conditions", [])
        return next((item for item in conditions if item["type"] == kind), {})

    def wait(self, what: str, condition: str, seconds: int) -> None:
        """Wait until `kubectl wait --for=condition=...` is satisfied."""
        self.run(
            "wait",
            what,
            f"--for=condition={condition}",
            f"--timeout={seconds}s",
            timeout=seconds + 30,
        )

    @contextlib.contextmanager
    def forward(self, what: str, port: int) -> Iterator[str]:
        """Forward a free local port to a Service or Pod and yield `127.0.0.1:<port>`."""
        with self._listening("port-forward", what, f":{port}") as address:
            yield address

    @contextlib.contextmanager
    def proxy(self) -> Iterator[str]:
        """Let the API server be read without credentials; yield `127.0.0.1:<port>`."""
        refused = "--reject-methods=^(POST|PUT|PATCH|DELETE)$"
        with self._listening("proxy", "--port=0", refused) as address:
            yield address

    @contextlib.contextmanager
    def _listening(self, *arguments: str) -> Iterator[str]:
        """Run a command that listens until it is ended; yield the address that it names."""
        process = subprocess.Popen(
            [find_program("kubectl"), *self.target, "-n", self.namespace, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield _named_address(process, arguments[0])
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _named_address(process: subprocess.Popen[str], command: str) -> str:
    line = process.stdout.readline() if process.stdout else ""
    found = re.search(r"127\.0\.0\.1:\d+", line)
    if found is None:
        problem = process.stderr.read() if process.stderr else ""
        raise KubectlError(f"{command} did not start: {problem.strip()}")
    return found.group(0)
