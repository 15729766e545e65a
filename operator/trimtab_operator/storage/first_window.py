"""A version's first measured window, which later ones are compared with besides the test split.

It is the earliest window of the version that had enough labels and no fault of the data, by the
stored reports. Those are written once and in order, so whoever asks finds the same. Only the first
windows are looked at: what is measured long after is no longer what the version began with.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from trimtab_operator.storage.evaluations import Report, parse_report
from trimtab_operator.storage.window_records import Read
from trimtab_stages.contract import layout
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import Evaluation, FirstWindow
from trimtab_stages.store import Store

FIRST_WINDOWS = 12
"""Windows of a version of which the first measured one is looked for."""

Firsts = dict[Metric, FirstWindow]
"""First measured window by metric."""


def find_first(
    store: Store, read: Read, monitor: str, version: str, *, before: datetime, least: int
) -> Firsts:
    """Return the first measured window by metric, of those that ended before an instant.

    Args:
        store: where the reports are.
        read: returns the bytes of a key.
        monitor: name of the DriftMonitor.
        version: digest of the version that the windows were judged against.
        before: begin of the window that is compared.
        least: fewer labels are not enough.

    Raises:
        StoreError: the store does not answer.
        ValueError: a report has another format.
    """
    found = Firsts()
    prefix = layout.version_evaluations_prefix(monitor, version)
    for entry in islice(store.list(prefix), FIRST_WINDOWS):
        if layout.end_of_evaluation(entry.key) > before.timestamp():
            break
        for metric, first in measured_in(parse_report(entry.key, read(entry.key)), least):
            found.setdefault(metric, first)
    return found


def named_first(read: Read, evaluation: Evaluation) -> Firsts:
    """Return the first measured windows that a report was compared with, as their reports are now.

    Raises:
        StoreError: a report cannot be read.
        ValueError: a report has another format, or did not measure the metric.
    """
    found = Firsts()
    for quality in evaluation.qualities:
        if quality.first is not None:
            key = quality.first.report.key
            measured = dict(measured_in(parse_report(key, read(key)), 0))
            if quality.metric not in measured:
                raise ValueError(f"{key} did not measure {quality.metric}, or had a fault")
            found[quality.metric] = measured[quality.metric]
    return found


def measured_in(report: Report, least: int) -> Iterator[tuple[Metric, FirstWindow]]:
    """Yield what a window would be as the first one, by metric; nothing of a faulty window.

    Args:
        report: of the window.
        least: fewer labels are not enough.
    """
    evaluation = report.evaluation
    if evaluation.faults:
        return
    for quality in evaluation.qualities:
        if quality.labels >= least:
            first = FirstWindow(
                end=evaluation.end, report=report.file, value=quality.value, counts=quality.counts
            )
            yield quality.metric, first
