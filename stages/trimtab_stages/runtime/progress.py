"""How far an attempt is, written once per report below the attempt's prefix."""

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence

from trimtab_stages.contract import layout
from trimtab_stages.contract.base import canonical_json
from trimtab_stages.contract.run import Progress, StageName
from trimtab_stages.store import ArtifactConflict, Store, StoreError

LOG = logging.getLogger(__name__)


class ProgressLog:
    """Reports of one attempt; a report that cannot be written is logged and never stops the work.

    Attributes:
        run: name of the run.
        attempt: number of the attempt, three digits.
    """

    def __init__(self, store: Store, run: str, attempt: str) -> None:
        self.run = run
        self.attempt = attempt
        self._store = store
        self._written: int | None = None

    def report(self, progress: Progress) -> None:
        """Write one report under the number after the newest report."""
        LOG.info("progress", extra={"progress": progress.to_wire()})
        with _forgiven("progress"):
            if self._written is None:
                self._written = self._count()
            try:
                self._put(self._written + 1, progress)
            except ArtifactConflict:
                # The stage that trains reports from a process of its own.
                self._written = self._count()
                self._put(self._written + 1, progress)
            self._written += 1

    def write_metrics(
        self, stage: StageName, epoch: int, lines: Sequence[Mapping[str, object]]
    ) -> None:
        """Write the metric lines (JSONL) of the epochs since the checkpoint before `epoch`."""
        data = b"".join(canonical_json(dict(line)) + b"\n" for line in lines)
        with _forgiven("metrics"):
            self._store.put_if_absent(layout.metrics(self.run, self.attempt, stage, epoch), data)

    def _count(self) -> int:
        return sum(1 for _ in self._store.list(layout.progress_prefix(self.run, self.attempt)))

    def _put(self, count: int, progress: Progress) -> None:
        self._store.put_if_absent(
            layout.progress(self.run, self.attempt, count), progress.to_bytes()
        )


def claim_attempt(store: Store, run: str, claimant: Mapping[str, object]) -> str:
    """Claim and return the next attempt number of a run, three digits.

    Args:
        store: where attempts lie.
        run: name of the run.
        claimant: who claims it (host, process, start); must differ between any two processes.
    """
    prefix = layout.attempts_prefix(run)
    taken = {entry.key.removeprefix(prefix).split("/")[0] for entry in store.list(prefix)}
    number = max((int(name) for name in taken if name.isdigit()), default=0) + 1
    while True:
        attempt = f"{number:03d}"
        try:
            store.put_if_absent(
                layout.attempt_started(run, attempt), canonical_json(dict(claimant))
            )
        except ArtifactConflict:
            number += 1
        else:
            return attempt


@contextlib.contextmanager
def _forgiven(what: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        LOG.warning("%s could not be written: %s", what, error)
