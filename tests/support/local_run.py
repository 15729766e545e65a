"""`trimtab run` on an example, as a person starts it, and what it leaves in its work folder."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.examples import EXAMPLES
from trimtab_operator.cli.exits import ExitCode
from trimtab_stages.contract.layout import run_commit
from trimtab_stages.contract.run import Commit, RunSpec
from trimtab_stages.store import Store
from trimtab_stages.store.directory import open_store

SECONDS = 1800
JUDGED = frozenset({ExitCode.OK, ExitCode.GATES_FAILED, ExitCode.INCONCLUSIVE})
"""Exit codes of a run that made a model, whatever its gates say."""


class LocalRunError(Exception):
    """`trimtab run` made no model; the message is its own."""


@dataclass(frozen=True)
class LocalRun:
    """One run of one Pipeline.

    Attributes:
        workdir: its work folder.
        told: what `-o json` says of the Pipeline.
    """

    workdir: Path
    told: dict[str, Any]

    @property
    def onnx(self) -> bytes:
        """The exported ONNX file."""
        return Path(self.told["model"]["file"]).read_bytes()

    @property
    def threshold(self) -> float | None:
        """The decision threshold that goes with it."""
        threshold: float | None = self.told["model"]["threshold"]
        return threshold

    @property
    def store(self) -> Store:
        """The store in the work folder."""
        return open_store(self.workdir / "storage")

    @property
    def spec(self) -> RunSpec:
        """What the training process was told."""
        return RunSpec.from_bytes(
            (self.workdir / "specs" / f"{self.told['run']}.json").read_bytes()
        )

    @property
    def commit(self) -> Commit:
        """What the training process committed."""
        return Commit.from_bytes(self.store.get(run_commit(self.told["run"])))


def run_example(name: str, raw: bytes, workdir: Path, *options: str) -> LocalRun:
    """Train an example's Pipeline on this machine; what the folder has already is not done again.

    Args:
        name: the example's folder.
        raw: content of its raw file, `raw/<name>.csv`.
        workdir: folder for the raw file and for everything that is made of it.
        *options: more options of `trimtab run`.

    Raises:
        LocalRunError: it made no model.
    """
    data = workdir / "data"
    source = data / "raw" / f"{name}.csv"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(raw)
    command = [sys.executable, "-m", "trimtab_operator.cli", "run", "-f", str(EXAMPLES / name)]
    command += ["--data", str(data), "--workdir", str(workdir), "-o", "json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode not in JUDGED:
        raise LocalRunError(done.stderr.strip())
    return LocalRun(workdir.absolute(), json.loads(done.stdout)["pipelines"][0])
