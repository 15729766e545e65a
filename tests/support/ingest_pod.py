"""The ingest pod's own command, as a process on this machine."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.s3 import write_storage_directory
from trimtab_stages.contract.run import Termination
from trimtab_stages.store import S3Settings

END_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process ended."""

    code: int
    log: list[dict[str, Any]]
    words: Termination | None


def start_pod(settings: S3Settings, folder: Path, spec: bytes) -> "subprocess.Popen[str]":
    """Start `python -m trimtab_stages ingest` as the pod does."""
    folder.mkdir(exist_ok=True)
    storage, told = write_storage_directory(settings, folder / "storage"), folder / "spec.json"
    told.write_bytes(spec)
    command = [sys.executable, "-m", "trimtab_stages", "ingest", "--spec", str(told)]
    command += ["--storage", str(storage), "--workdir", str(folder / "work")]
    command += ["--termination-log", str(folder / "termination.json")]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def run_pod(settings: S3Settings, folder: Path, spec: bytes) -> Ended:
    """Start the pod's command and wait for its end."""
    with start_pod(settings, folder, spec) as process:
        _, log = process.communicate(timeout=END_SECONDS)
    last_words = folder / "termination.json"
    words = last_words.read_bytes() if last_words.exists() else None
    return Ended(
        process.returncode,
        [json.loads(line) for line in log.splitlines()],
        Termination.model_validate_json(words) if words else None,
    )
