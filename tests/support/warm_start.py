"""Starts a module as a process of its own whose imports its parent has done already.

A test that kills an operator or a monitor dozens of times would import the same packages dozens of
times: that is most of what such a life costs. The parent is a server of `multiprocessing` which
does nothing but import and fork. What it forks shares no connection, thread or lock with another.
"""

import importlib
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

CONTEXT = multiprocessing.get_context("forkserver")
MODULES = ("trimtab_operator", "trimtab_operator.monitor")


@dataclass(frozen=True, slots=True)
class Forked:
    """A process of a warm parent; it is used as a `subprocess.Popen` is."""

    process: ForkServerProcess

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended; raises TimeoutError after some seconds."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise TimeoutError
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()


def start_warm(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path
) -> Forked:
    """Start `python -m module`, but for the imports; its output is appended to a file."""
    _ensure_parent(environment)
    process = CONTEXT.Process(target=_run, args=(module, arguments, dict(environment), str(log)))
    process.start()
    return Forked(process)


def _ensure_parent(environment: Mapping[str, str]) -> None:
    """Start the parent, which needs to find the modules; it ends with this process."""
    CONTEXT.set_forkserver_preload([f"{module}.__main__" for module in MODULES])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment["PYTHONPATH"])
        forkserver.ensure_running()


def _run(module: str, arguments: Sequence[str], environment: dict[str, str], log: str) -> None:
    """Be the module, in the new process."""
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    sys.exit(importlib.import_module(f"{module}.__main__").main())
