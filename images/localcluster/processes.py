"""Long-running processes by recorded identity: a recycled process number is never touched."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from localcluster import commands
from localcluster.progress import LaunchError
from localcluster.settings import MARK, Settings

_LOG_LIMIT = 50 * 2**20


class ProcessEndedError(LaunchError):
    """A process ended while it was waited for."""

    def __init__(self, name: str, end_of_log: str) -> None:
        super().__init__(f"{name} ended; the end of its log:\n{end_of_log}")
        self.name = name


@dataclass(frozen=True)
class Identity:
    """What makes a process the same process: number, start time, and the boot it belongs to."""

    pid: int
    started: int
    boot: str


@dataclass(frozen=True)
class Record:
    """A process that this launcher started, and the digest of what it was started with."""

    identity: Identity
    spec: str


def boot_id() -> str:
    """Return the kernel's random name of the current boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def parse_stat(text: str) -> tuple[str, int]:
    """Return state and start time from the text of ``/proc/<pid>/stat``."""
    # The second field is the program's name in brackets and may itself hold brackets or spaces.
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])


def identify(pid: int) -> Identity | None:
    """Return a running process's identity; None if there is none or it is a zombie."""
    try:
        state, started = parse_stat(Path(f"/proc/{pid}/stat").read_text())
    except (OSError, IndexError, ValueError):
        return None
    return None if state in {"Z", "X"} else Identity(pid, started, boot_id())


def is_alive(identity: Identity) -> bool:
    """Say whether exactly this process still runs."""
    return identify(identity.pid) == identity


def start(settings: Settings, name: str, args: Sequence[str], spec: str) -> Record:
    """Start a process in a session of its own and record it."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / f"{name}.log"
    _rotate(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(args),
            cwd=settings.state,
            # The mark finds the process again if this launcher dies before the record is written.
            env={**os.environ, "PATH": _path(settings), MARK: str(settings.state)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    identity = identify(process.pid)
    if identity is None:
        raise ProcessEndedError(name, log_tail(settings, name))
    # It outlives this launcher on purpose; nobody waits for it.
    process.returncode = 0
    record = Record(identity, spec)
    write_record(settings, name, record)
    return record


def write_record(settings: Settings, name: str, record: Record) -> None:
    """Keep a record, in one step."""
    settings.run.mkdir(parents=True, exist_ok=True)
    path = settings.run / f"{name}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(record)))
    partial.replace(path)


def read_record(settings: Settings, name: str) -> Record | None:
    """Return the record of a process; None if there is none or it is damaged."""
    try:
        value = json.loads((settings.run / f"{name}.json").read_text())
        return Record(Identity(**value["identity"]), str(value["spec"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running(settings: Settings, name: str) -> Record | None:
    """Return the record of a process that still runs."""
    record = read_record(settings, name)
    return record if record and is_alive(record.identity) else None


def stop(settings: Settings, name: str, seconds: float) -> None:
    """Stop a recorded process: ask, wait, then kill; forget it afterwards."""
    record = running(settings, name)
    if record:
        terminate(record.identity, seconds)
    (settings.run / f"{name}.json").unlink(missing_ok=True)


def terminate(identity: Identity, seconds: float) -> None:
    """End one process, by force if it does not end in time."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 20.0)):
        if not is_alive(identity):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(identity.pid, number)
        with contextlib.suppress(LaunchError):
            commands.wait_until(lambda: not is_alive(identity), "the end", patience, every=0.05)
    if is_alive(identity):
        raise LaunchError(f"Process {identity.pid} does not end even when killed; reboot.")


def log_tail(settings: Settings, name: str) -> str:
    """Return the end of a process's log."""
    path = settings.logs / f"{name}.log"
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 4096))
        return commands.tail(log.read().decode(errors="replace"), 12)


def _path(settings: Settings) -> str:
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return f"{settings.bin}:{system}"


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
