"""Starts a pod's entry point as a child process and reads its log lines as they come."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from trimtab_operator.cli.exits import Refusal
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Termination

OnLine = Callable[[dict[str, Any]], None]
STOP_SECONDS = 30.0
KILLED = -9


@dataclass(frozen=True, slots=True)
class Child:
    """One child process.

    Attributes:
        arguments: of `python -m trimtab_stages`.
        log: file that its standard error is kept in.
    """

    arguments: tuple[str, ...]
    log: Path


def run_child(child: Child, on_line: OnLine) -> None:
    """Run a child to its end.

    Args:
        child: what to start.
        on_line: called with every JSON line of its log.

    Raises:
        Refusal: it failed; with its own reason and message.
        KeyboardInterrupt: the user stopped it; the child has ended.
    """
    last_words = child.log.with_suffix(".termination.json")
    last_words.unlink(missing_ok=True)
    said_to = ("--termination-log", str(last_words))
    command = [sys.executable, "-m", "trimtab_stages", *child.arguments, *said_to]
    with (
        child.log.open("w", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 - our own module with our own arguments
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            for line in _teed(process.stderr, log):
                on_line(line)
            code = process.wait()
        except KeyboardInterrupt:
            _stop(process)
            raise
    if code != 0:
        raise _refusal(code, last_words, child.log)


def _stop(process: "subprocess.Popen[str]") -> None:
    """Ask the child to write its checkpoint and end; insist after a while."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _teed(stream: IO[str] | None, log: IO[str]) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects among the lines; every line goes to the log."""
    for line in stream or ():
        log.write(line)
        try:
            parsed = json.loads(line)
        except ValueError:
            continue
        if isinstance(parsed, dict):
            yield parsed


def _refusal(code: int, last_words: Path, log: Path) -> Refusal:
    try:
        said = Termination.model_validate_json(last_words.read_bytes())
    except (OSError, ValidationError):
        if code == KILLED:
            reason = StageReason.OUT_OF_MEMORY
            return Refusal(reason, f"the process was killed, most often for memory; see {log}")
        reason = StageReason.INTERNAL_ERROR
        return Refusal(reason, f"the process ended with {code}: {_tail(log)}; see {log}")
    return Refusal(said.reason, said.message)


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8").strip().splitlines()
    return lines[-1][-500:] if lines else "it said nothing"
