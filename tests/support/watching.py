"""A DriftMonitor's windows as the monitor looks at them: served, evaluated, told to the status."""

from dataclasses import replace
from typing import Any

import numpy as np

from support.traffic import MODEL, ServerPod, Trained, instant, normal_rows
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.status import advanced, status_of
from trimtab_operator.monitor.targets import Target, TrainedVersion
from trimtab_operator.monitor.watch import Progress, Watch
from trimtab_stages.contract import layout
from trimtab_stages.contract.monitoring import Evaluation, MonitorSpec
from trimtab_stages.store import Store

T0 = 1_700_000_400.0
"""Begin of a window, event time; a multiple of 600."""
NOW = T0 + 10_000_000
"""Arrivals: long after."""
POLICY = {"window": {"seconds": 600, "minSamples": 50, "minLabels": 50}}
CLASS_NAMES = np.array(["calm", "busy"])


def target_of(*versions: Trained, **changes: Any) -> Target:
    target = Target(
        namespace="demo",
        name="bikes",
        uid="u-1",
        model=MODEL,
        policy=MonitorSpec.model_validate(POLICY),
        versions=tuple(TrainedVersion(v.digest, v.run, instant(NOW - 10)) for v in versions),
        flush_seconds=10,
        evaluated_through=None,
        signals=(),
        evaluations=(),
    )
    return replace(target, **changes)


def look(
    store: Store,
    target: Target,
    now: float,
    watch: Watch | None = None,
    *,
    everything: bool = False,
) -> Progress:
    """Look once, or so often as there are days of the past to be read."""
    watching = watch or Watch(target, ObjectCache())
    while True:
        progress = watching.look(store, target, instant(now), everything=everything)
        if progress.reports or not progress.more:
            return progress


def after(target: Target, progress: Progress) -> Target:
    """Return the target as it is read after the progress was written."""
    assert progress.evaluated_through is not None
    return advanced(target, status_of(target, progress.reports, progress.evaluated_through))


def evaluations_of_killed(store: Store, target: Target, now: float) -> list[Evaluation]:
    """Return all windows as processes find them that evaluate one each and are killed."""
    found: list[Evaluation] = []
    while (progress := look(store, target, now)).reports:
        found.append(progress.reports[0].evaluation)
        for report in progress.reports[1:]:
            store.delete(report.file.key)
        told = replace(progress, reports=progress.reports[:1], evaluated_through=found[-1].end)
        target = after(target, told)
    return found


def serve(
    pod: ServerPod,
    version: Trained,
    begin: float,
    *,
    received: float,
    shift: float = 0.0,
    wrong: int = 0,
    labels: bool = True,
) -> None:
    """Answer 300 rows of ten minutes and label them: one request a minute.

    Args:
        pod: who answers.
        version: the version that answers.
        begin: event time of the first row, seconds since 1970.
        received: arrival of the first request.
        shift: of the first feature.
        wrong: rows of each 30 that are decided wrong.
        labels: whether labels return.
    """
    for minute in range(10):
        rows = normal_rows(30, seed=int(begin) + minute, shift=shift)
        name = f"{begin}-{minute}"
        event = begin + 60 * minute + 2 * np.arange(30)
        decided = pod.answer(version, name, rows, event=event, received=received + minute)
        # The least sure rows: a model that has become worse errs there.
        unsure = np.argsort(np.abs(rows[:, 0]))[:wrong]
        decided[unsure] = 1 - decided[unsure]
        if labels:
            pod.label(name, CLASS_NAMES[decided].tolist(), received=received + minute + 0.5)
    pod.flush()


def serve_windows(pod: ServerPod, version: Trained, count: int, *, shift: float = 0.0) -> None:
    """Serve so many windows one after the other, each twenty seconds after the one before."""
    for number in range(count):
        serve(pod, version, T0 + 600 * number, received=NOW + 20 * number, shift=shift)


def stored_reports(store: Store) -> dict[str, bytes]:
    keys = [entry.key for entry in store.list("monitoring/bikes/")]
    return {key: store.get(key) for key in keys if layout.is_evaluation(key)}


def remove_reports(store: Store) -> None:
    for key in stored_reports(store):
        store.delete(key)
