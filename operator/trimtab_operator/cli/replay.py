"""Computes stored evaluation reports once more, from the objects that they name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from trimtab_operator.api.monitor_status import WINDOWS
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.storage.evaluations import (
    Judged,
    Report,
    read_judged,
    read_policy,
    read_report,
    report_keys,
)
from trimtab_operator.storage.first_window import named_first
from trimtab_operator.storage.window_evaluation import RowObjects, WindowOf, evaluate_window
from trimtab_operator.storage.window_panes import is_compacted, panes_of
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.contract.run import Commit
from trimtab_stages.store import NotFound, Store, StoreError


class Outcome(StrEnum):
    """What a replay has shown."""

    SAME = "Same"
    """The report says what its objects say."""
    DIFFERENT = "Different"
    """It says something else."""
    INCOMPLETE = "Incomplete"
    """An object that it names is gone."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One report, computed again.

    Attributes:
        report: as it is stored.
        outcome: Same, Different or Incomplete.
        found: what its objects say; None where one is gone.
        message: fields that differ, or what is gone.
    """

    report: Report
    outcome: Outcome
    found: Evaluation | None
    message: str = ""


def replay_all(store: Store, monitor: str, last: int) -> Iterator[Replay]:
    """Replay the newest reports of a DriftMonitor, oldest of them first.

    Raises:
        Refusal: the store does not answer, there is no report, or one has another format.
    """
    with _refusing(monitor):
        judges = _Judges(store)
        for key in _keys(store, monitor)[-last:]:
            yield _replay(store, read_report(store, key), judges)


def read_history(store: Store, monitor: str, last: int) -> list[Report]:
    """Return the reports before the newest that decisions look back at, oldest first.

    Guards look back at the windows that a status keeps; a rule may hold as long as the version
    serves.

    Raises:
        Refusal: the store does not answer, there is no report, or one has another format.
    """
    with _refusing(monitor):
        keys = _keys(store, monitor)
        first = max(0, len(keys) - last)
        begin = max(0, first - WINDOWS)
        while begin > 0 and _version(keys[begin - 1]) == _version(keys[first]):
            begin -= 1
        return [read_report(store, key) for key in keys[begin:first]]


@contextmanager
def _refusing(monitor: str) -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise Refusal(error.reason, error.message) from error
    except (ValueError, NewerSchemaError) as error:
        raise Refusal("NotReadable", f"monitoring/{monitor}/: {error}") from error


def _version(key: str) -> str:
    """Return the folder of a report: all reports of one version."""
    return key.rpartition("/")[0]


def _keys(store: Store, monitor: str) -> list[str]:
    keys = report_keys(store, monitor)
    if not keys:
        prefix = layout.evaluations_prefix(monitor)
        raise Refusal(
            "NotFound",
            f"{store.uri(prefix.rstrip('/'))} holds no report; check the name, and whether a "
            "window has closed (`kubectl get driftmonitor`)",
        )
    return keys


def _replay(store: Store, report: Report, judges: "_Judges") -> Replay:
    stored = report.evaluation
    try:
        found = _evaluate(store, stored, judges)
    except NotFound as error:
        return Replay(report, Outcome.INCOMPLETE, None, error.message)
    except ValueError as error:
        return Replay(report, Outcome.DIFFERENT, None, str(error))
    if found.to_bytes() == stored.to_bytes():
        return Replay(report, Outcome.SAME, found)
    before, now = stored.to_wire(), found.to_wire()
    fields = sorted(name for name in before | now if before.get(name) != now.get(name))
    return Replay(report, Outcome.DIFFERENT, found, f"differs in {', '.join(fields)}")


def _evaluate(store: Store, stored: Evaluation, judges: "_Judges") -> Evaluation:
    panes = panes_of(store, stored)
    compacted = stored.compacted if is_compacted(store, stored, panes) else None
    found = evaluate_window(
        read=store.get,
        window=WindowOf(
            monitor=stored.monitor,
            model=stored.model,
            policy=read_policy(store, stored),
            start=stored.start,
            end=stored.end,
            closed_ns=stored.closed_ns,
        ),
        judged=judges.of(stored.version),
        panes=panes,
        rows=RowObjects(stored.records, stored.feedback),
        first=named_first(store.get, stored),
        # What is missing, and who is silent, is known by absence: what is there cannot show it.
        count_lost=lambda _: stored.lost,
    )
    return found.model_copy(update={"compacted": compacted, "silent": stored.silent})


class _Judges:
    """Finds the runs that versions come from; a report names the version alone."""

    def __init__(self, store: Store) -> None:
        self._read = partial(read_judged, store)
        self._store = store
        self._runs: dict[str, str] | None = None
        self._known: dict[str, Judged] = {}

    def of(self, version: str) -> Judged:
        """Return what a version's windows are compared with; raises `NotFound`."""
        if version not in self._known:
            runs = self._all_runs()
            if version not in runs:
                raise NotFound(f"the commit of the run that made {version}")
            self._known[version] = self._read(runs[version])
        return self._known[version]

    def _all_runs(self) -> dict[str, str]:
        if self._runs is None:
            commits = [entry.key for entry in self._store.list(layout.RUNS_PREFIX)]
            found = [
                Commit.from_bytes(self._store.get(key))
                for key in commits
                if key == layout.run_commit(key.split("/")[1])
            ]
            self._runs = {commit.model.file.digest: commit.run for commit in found}
        return self._runs
