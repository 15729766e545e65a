"""Runs the load check in a child process and reads how it ended."""

import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass

from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.serve.model.check import CheckOrder, CheckReport
from trimtab_stages.serve.model.refusal import VersionRefusedError

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ChildOutcome:
    """How a child ended.

    Attributes:
        code: exit code; negative is a signal; None when it ran out of time and was killed.
        output: its standard output.
    """

    code: int | None
    output: bytes


async def check_in_child(order: CheckOrder, timeout_seconds: float) -> None:
    """Load a file in a child process with a memory limit.

    Raises:
        VersionRefusedError: what the child found, or `CrashedOnLoad` when it did not come back.
    """
    outcome = await _run_child(order, timeout_seconds)
    report = read_outcome(outcome, order.memory_bytes, timeout_seconds)
    if report.reason is not ServingReason.LOADED:
        raise VersionRefusedError(report.reason, report.message)


def read_outcome(outcome: ChildOutcome, memory_bytes: int, timeout_seconds: float) -> CheckReport:
    """Return what a child's end means."""
    if outcome.code == 0:
        return CheckReport.model_validate_json(outcome.output)
    if outcome.code is None:
        return _crashed(f"was not done after {timeout_seconds:g} s", "simplify the graph")
    if outcome.code < 0:
        name = signal.Signals(-outcome.code).name
        return _crashed(
            f"was killed by {name} (memory allowed: {memory_bytes // MEBIBYTE} MiB)",
            "raise the Model's memory limit, or check the graph with `onnx.checker`",
        )
    return _crashed(f"ended with code {outcome.code}", "see the server's log")


async def _run_child(order: CheckOrder, timeout_seconds: float) -> ChildOutcome:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "trimtab_stages.serve.model.check",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    payload = order.model_dump_json(by_alias=True).encode()
    output = b""
    try:
        async with asyncio.timeout(timeout_seconds):
            try:
                output, _ = await process.communicate(payload)
            except (ConnectionError, RuntimeError):
                # It ended before it had read its order; uvloop calls that a RuntimeError.
                await process.wait()
    except TimeoutError:
        return ChildOutcome(None, b"")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return ChildOutcome(process.returncode, output)


def _crashed(what: str, next_step: str) -> CheckReport:
    return CheckReport(
        reason=ServingReason.CRASHED_ON_LOAD,
        message=f"the process that checked the file {what}; {next_step}",
    )
