"""Command line of a stage pod."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Command(StrEnum):
    """What the process does."""

    INGEST = "ingest"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Options:
    """The command line.

    Attributes:
        command: ingest or run.
        spec: file with the specification.
        storage: mounted storage directory.
        workdir: scratch folder; none makes a temporary one.
        termination_log: where the last words go; none means Kubernetes' own place.
        source: folder that `source.uri` is relative to; none means the store.
        no_ray: run all stages in this process.
        driver: this process is the driver of a formed cluster, not a pod's first process.
    """

    command: Command
    spec: Path
    storage: Path
    workdir: Path | None = None
    termination_log: Path | None = None
    source: Path | None = None
    no_ray: bool = False
    driver: bool = False

    def for_driver(self) -> list[str]:
        """Return the arguments of the driver process that a launcher starts."""
        arguments = ["run", "--spec", str(self.spec), "--storage", str(self.storage), "--driver"]
        if self.workdir is not None:
            arguments += ["--workdir", str(self.workdir)]
        if self.termination_log is not None:
            arguments += ["--termination-log", str(self.termination_log)]
        return arguments


def parse_options(arguments: Sequence[str]) -> Options:
    """Return the options; a wrong command line ends the process with argparse's own code 2."""
    parser = argparse.ArgumentParser(prog="python -m trimtab_stages")
    commands = parser.add_subparsers(dest="command", required=True)
    ingest = commands.add_parser(Command.INGEST, help="make a snapshot")
    ingest.add_argument("--source", type=Path, help="folder of `source.uri`; default: the store")
    run = commands.add_parser(Command.RUN, help="train, export, evaluate and commit")
    run.add_argument("--no-ray", action="store_true", help="run all stages in this process")
    run.add_argument("--driver", action="store_true", help=argparse.SUPPRESS)
    for command in (ingest, run):
        command.add_argument("--spec", type=Path, required=True, help="specification, JSON")
        command.add_argument("--storage", type=Path, required=True, help="storage directory")
        command.add_argument("--workdir", type=Path, help="scratch folder; default: temporary")
        command.add_argument("--termination-log", type=Path, help="file for the last words")
    given = vars(parser.parse_args(arguments))
    return Options(**given | {"command": Command(given["command"])})
