"""Running other programs: never with a terminal to ask at, always with a readable failure."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from localcluster.progress import LaunchError

_TAIL = 25


def run(
    args: Sequence[str],
    *,
    text: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 600,
) -> str:
    """Run a program to its end and return its standard output.

    Raises:
        LaunchError: It could not be started, failed, or ran out of time.
    """
    done = attempt(args, text=text, env=env, cwd=cwd, seconds=seconds)
    if done.returncode != 0:
        raise LaunchError(
            f"`{' '.join(args)}` failed with exit code {done.returncode}:\n"
            f"{tail(done.stderr or done.stdout)}"
        )
    return done.stdout


def attempt(
    args: Sequence[str],
    *,
    text: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run a program whose failure is an answer, not an error."""
    # Without input given, standard input is empty: nothing can ever wait for a person.
    try:
        return subprocess.run(
            list(args),
            input=text or "",
            env=None if env is None else {**os.environ, **env},
            cwd=cwd,
            timeout=seconds,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise LaunchError(f"`{args[0]}` is not installed ({error}).") from error
    except subprocess.TimeoutExpired as error:
        raise LaunchError(f"`{' '.join(args)}` did not end within {seconds:.0f} s.") from error


def tail(text: str, lines: int = _TAIL) -> str:
    """Return the last lines of a program's output, indented for the eye."""
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], what: str, seconds: float, every: float = 0.2) -> None:
    """Poll until something holds.

    Raises:
        LaunchError: It did not hold in time; the text names it.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise LaunchError(f"{what} did not happen within {seconds:.0f} s.")
        time.sleep(every)
