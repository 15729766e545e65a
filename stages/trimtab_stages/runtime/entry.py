"""Entry point of a stage pod: reads the specification, does the work, says how it ended."""

import logging
import os
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from trimtab_stages.contract.run import IngestCommit, IngestSpec, RunSpec
from trimtab_stages.runtime.launcher import launch, read_cluster_settings
from trimtab_stages.runtime.logs import log_json_to_stderr
from trimtab_stages.runtime.options import Command, Options, parse_options
from trimtab_stages.runtime.stop import stop_on_sigterm
from trimtab_stages.runtime.termination import (
    DONE,
    exit_code,
    termination_of,
    write_termination,
)
from trimtab_stages.runtime.training import RayUse, run_training
from trimtab_stages.store import LocalStore, Store, open_store, probe

LOG = logging.getLogger(__name__)


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> int:
    """Run a pod's work and return its exit code: 0 done, 3 final failure, 4 retryable failure."""
    log_json_to_stderr()
    options = parse_options(arguments)
    try:
        if options.command is Command.INGEST:
            commit = run_ingest(options)
            LOG.info("ingest committed", extra={"snapshot": commit.snapshot, "rows": commit.rows})
            return DONE
        return _run(options, environment)
    except Exception as error:
        termination = termination_of(error)
        LOG.exception("ended", extra={"termination": termination.to_wire()})
        write_termination(termination, options.termination_log)
        return exit_code(termination)


def run_ingest(options: Options) -> IngestCommit:
    """Ingest what the specification says and return the commit.

    Raises:
        StageError: a rule failed.
        StoreError: the store failed.
    """
    from trimtab_stages.ingest.run import Place, run  # noqa: PLC0415 - training pods need it not

    spec = IngestSpec.model_validate_json(options.spec.read_bytes())
    store = open_write_once_store(options.storage)
    with scratch(options.workdir) as work:
        place = Place(
            source=store if options.source is None else LocalStore(options.source),
            store=store,
            work=Path(work),
            now=datetime.now(UTC),
            clock=time.perf_counter,
        )
        return run(spec, place)


def open_write_once_store(directory: Path) -> Store:
    """Open the mounted store, if it keeps what others have written.

    Raises:
        ConditionalWriteUnsupported: it does not; nothing may be written there.
        StoreError: it cannot be reached, read or written.
    """
    store = open_store(directory)
    probe(store, secrets.token_hex(8))
    return store


def scratch(folder: Path | None) -> AbstractContextManager[str]:
    """Return the given folder, or a temporary one that goes away."""
    if folder is None:
        return tempfile.TemporaryDirectory(prefix="trimtab-")
    folder.mkdir(parents=True, exist_ok=True)
    return nullcontext(str(folder))


def _run(options: Options, environment: Mapping[str, str]) -> int:
    spec = RunSpec.model_validate_json(options.spec.read_bytes())
    store = open_write_once_store(options.storage)
    cluster = read_cluster_settings(environment)
    if cluster is not None and not (options.driver or options.no_ray):
        return launch(cluster, options, spec, store)
    ray = None
    if not options.no_ray:
        ray = RayUse(
            storage=options.storage,
            address=environment.get("RAY_ADDRESS") or None,
            nodes=cluster.nodes if cluster is not None else 1,
        )
    with scratch(options.workdir) as work:
        commit = run_training(spec, store, Path(work), stop_on_sigterm(), ray)
    LOG.info(
        "run committed",
        extra={"run": commit.run, "outcome": commit.outcome, "model": commit.model.file.digest},
    )
    return DONE
