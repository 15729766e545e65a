"""Windows of a DriftMonitor, from what real server code has left in a bucket to the report."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from support.traffic import ServerPod, Trained, instant, normal_rows, trained
from support.watching import (
    CLASS_NAMES,
    NOW,
    T0,
    after,
    look,
    remove_reports,
    serve,
    serve_windows,
    stored_reports,
    target_of,
)
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.watch import Progress, Watch
from trimtab_stages.contract.monitoring import SignalState
from trimtab_stages.store import LocalStore, Store

pytestmark = pytest.mark.integration

DAY = 86_400


def test_a_window_is_evaluated_once_its_end_was_seen_and_all_pods_have_flushed(
    store: Store, champion: Trained
) -> None:
    pod, target = ServerPod(store), target_of(champion)
    watch = Watch(target, ObjectCache())
    serve(pod, champion, T0, received=NOW)
    assert look(store, target, NOW + 1000, watch) == Progress()
    serve(pod, champion, T0 + 600, received=NOW + 20)

    assert look(store, target, NOW + 20 + 11, watch).reports == ()
    progress = look(store, target, NOW + 20 + 13, watch)
    (report,) = progress.reports
    evaluation = report.evaluation
    assert (evaluation.start, evaluation.end) == (instant(T0), instant(T0 + 600))
    assert (evaluation.rows, evaluation.labels, evaluation.lost) == (300, 300, 0)
    assert {one.name: one.state for one in evaluation.signals} == dict.fromkeys(
        ("faults", "inputs", "outputs", "quality"), SignalState.MEASURED
    )
    assert progress.evaluated_through == instant(T0 + 600)
    assert look(store, after(target, progress), NOW + 999, watch).reports == ()


def test_a_model_that_begins_to_answer_is_noticed_at_the_next_look(
    store: Store, champion: Trained
) -> None:
    watch, target = Watch(target_of(champion), ObjectCache()), target_of(champion)
    assert look(store, target, NOW, watch) == Progress()
    serve_windows(ServerPod(store), champion, 2)

    assert len(look(store, target, NOW + 60, watch).reports) == 1


def test_a_process_that_begins_later_finds_the_same_windows_and_writes_the_same_bytes(
    store: Store, champion: Trained
) -> None:
    pod, target = ServerPod(store), target_of(champion)
    watch, current = Watch(target, ObjectCache()), target
    for number in range(6):
        serve(pod, champion, T0 + 600 * number, received=NOW + 20 * number)
        # Rows of a window that has closed, and of one that has not begun.
        pod.answer(
            champion,
            f"stray-{number}",
            normal_rows(3, seed=number),
            event=[T0 + 600 * number - 900.0, T0 + 600 * number + 1, T0 + 600 * number + 610],
            received=NOW + 20 * number + 11,
        )
        pod.flush()
        progress = look(store, current, NOW + 20 * number + 19, watch)
        if progress.evaluated_through is not None:
            current = after(current, progress)
    current = after(current, look(store, current, NOW + 9999, watch))
    expected = stored_reports(store)
    assert len(expected) == 6

    remove_reports(store)
    whole = look(store, target, NOW + 9999)
    assert stored_reports(store) == expected
    assert after(target, whole).evaluations == current.evaluations


@pytest.mark.parametrize("done", range(1, 5))
def test_a_process_that_goes_on_after_a_kill_comes_to_the_same_bytes(
    store: Store, champion: Trained, done: int
) -> None:
    serve_windows(ServerPod(store), champion, 6)
    target = target_of(champion)
    whole = look(store, target, NOW + 9999)
    expected = stored_reports(store)
    # The status says `done` windows; the reports of the others were written, or not.
    told = after(
        target,
        replace(
            whole,
            reports=whole.reports[:done],
            evaluated_through=whole.reports[done - 1].evaluation.end,
        ),
    )
    for report in whole.reports[done + 1 :]:
        store.delete(report.file.key)
    rest = look(store, told, NOW + 9999)
    assert stored_reports(store) == expected
    assert rest.reports == whole.reports[done:]
    assert after(told, rest).evaluations == after(target, whole).evaluations


def test_a_long_past_is_read_day_by_day(store: Store, champion: Trained) -> None:
    pod, day = ServerPod(store, pane_seconds=600), 86_400
    for number in range(9):
        # Three windows a day of arrival, the third one is closed by the next day's first row.
        received = NOW + day * (number // 3) + 20 * (number % 3)
        rows, event = normal_rows(60, seed=number), T0 + 600 * number
        pod.answer(champion, f"r{number}", rows, event=event, received=received)
        pod.flush()
    watch, target = Watch(target_of(champion), ObjectCache()), target_of(champion)
    told = []
    while True:
        progress = watch.look(store, target, instant(NOW + 3 * day), everything=False)
        told.append(len(progress.reports))
        if progress.evaluated_through is not None:
            target = after(target, progress)
        if not progress.more:
            break
    assert told == [2, 3, 3], "the last two days are read together"
    assert target.evaluated_through == instant(T0 + 600 * 8)


def test_a_report_that_is_there_is_adopted(store: Store, champion: Trained) -> None:
    serve_windows(ServerPod(store), champion, 2)
    (first,) = look(store, target_of(champion), NOW + 9999).reports
    other = first.evaluation.model_copy(update={"lost": 7})
    store.delete(first.file.key)
    store.put_if_absent(first.file.key, other.to_bytes())
    (adopted,) = look(store, target_of(champion), NOW + 9999).reports
    assert adopted.evaluation == other


@pytest.mark.parametrize("is_promoted", [True, False], ids=["promoted", "rolled back"])
def test_a_window_that_was_judged_is_not_judged_again_as_the_champion_changes(
    store: Store, champion: Trained, tmp_path: Path, *, is_promoted: bool
) -> None:
    with trained(store, tmp_path, "run-22") as newer:
        pod = ServerPod(store)
        serve(pod, champion, T0, received=NOW)
        pod.answer(newer, "n", normal_rows(60), event=T0 + 590, received=NOW + 11)
        serve(pod, newer, T0 + 600, received=NOW + 20)
        before = target_of(champion) if is_promoted else target_of(newer, champion)
        known = target_of(newer, champion) if is_promoted else target_of(champion)
        (judged,) = look(store, before, NOW + 9999).reports
        # Killed before the status was written; the champion is another one when the next begins.
        progress = look(store, known, NOW + 9999)
    assert progress.reports == (judged,)
    assert list(stored_reports(store)) == [judged.file.key]


def test_rows_that_killed_processes_took_with_them_are_counted_once(
    store: Store, champion: Trained
) -> None:
    for name, lost_rows in (("bikes-0", 7), ("bikes-1", 0), ("bikes-2", 4)):
        pod = ServerPod(store, name, lost_rows=lost_rows)
        serve(pod, champion, T0, received=NOW)
        serve(pod, champion, T0 + 600, received=NOW + 20)
    (report,) = look(store, target_of(champion), NOW + 9999).reports
    assert (report.evaluation.rows, report.evaluation.lost_rows) == (900, 11)


def test_late_and_interleaved_panes_are_no_loss(store: Store, champion: Trained) -> None:
    pod = ServerPod(store)
    for number in range(20):
        # Every second request is of the hour before: its panes lie far away in the bucket.
        event = T0 + 30 * number - (3600 if number % 2 else 0)
        rows = normal_rows(10, seed=number)
        pod.answer(champion, f"r{number}", rows, event=event, received=NOW + number)
        pod.flush()
    serve(pod, champion, T0 + 600, received=NOW + 40)
    newest = look(store, target_of(champion), NOW + 9999).reports[-1].evaluation
    assert (newest.start, newest.rows, newest.lost) == (instant(T0), 100, 0)


def test_two_pods_say_the_same_as_one(store: Store, champion: Trained, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = LocalStore(tmp_path / "other")
    one, two = ServerPod(store), (ServerPod(other, "a-0"), ServerPod(other, "a-1"))
    for entry in store.list():
        other.put_if_absent(entry.key, store.get(entry.key))
    for number in range(40):
        rows = normal_rows(10, seed=number, shift=0.5)
        for pod in (one, two[number % 2]):
            event, received = T0 + 20 * number, NOW + number
            pod.answer(champion, f"r{number}", rows, event=event, received=received)
            pod.flush()
    (first,) = look(store, target_of(champion), NOW + 9999).reports
    (second,) = look(other, target_of(champion), NOW + 9999).reports
    assert (first.evaluation.rows, second.evaluation.rows) == (300, 300)
    for left, right in zip(first.evaluation.features, second.evaluation.features, strict=True):
        assert left.feature == right.feature
        assert left.effect == pytest.approx(right.effect, rel=1e-12)
        assert left.p_value == pytest.approx(right.p_value, rel=1e-12)
    assert first.evaluation.signals == second.evaluation.signals


def test_a_window_in_which_the_champion_changed_is_judged_by_the_new_ones_rows(
    store: Store, champion: Trained, tmp_path: Path
) -> None:
    with trained(store, tmp_path, "run-22") as newer:
        pod = ServerPod(store)
        serve(pod, champion, T0, received=NOW)
        for number in range(10):
            version = champion if number < 8 else newer
            rows = normal_rows(30, seed=number)
            pod.answer(version, f"c{number}", rows, event=T0 + 600 + number, received=NOW + 20)
        pod.flush()
        serve(pod, newer, T0 + 1200, received=NOW + 40)
        serve(pod, newer, T0 + 1800, received=NOW + 60)
        reports = look(store, target_of(newer, champion), NOW + 9999).reports
    told = [(one.evaluation.version, one.evaluation.rows) for one in reports]
    assert told == [(champion.digest, 300), (newer.digest, 60), (newer.digest, 300)]


def test_shadow_rows_and_rows_of_unknown_versions_count_nowhere(
    store: Store, champion: Trained, tmp_path: Path
) -> None:
    with trained(store, tmp_path, "run-22") as other:
        pod = ServerPod(store)
        serve(pod, champion, T0, received=NOW)
        pod.answer(other, "s", normal_rows(50), event=T0 + 5, received=NOW + 5, shadow=True)
        pod.answer(other, "o", normal_rows(50), event=T0 + 5, received=NOW + 5)
        pod.answer(other, "p", normal_rows(50), event=T0 + 700, received=NOW + 20)
        serve(pod, champion, T0 + 1200, received=NOW + 40)
        progress = look(store, target_of(champion), NOW + 9999)
    (report,) = progress.reports
    assert report.evaluation.rows == 300
    assert progress.evaluated_through == instant(T0 + 1200), "a window without rows is done"


def serve_days(pod: ServerPod, version: Trained, windows: int, per_day: int) -> None:
    """Serve windows of four rows, so many a day of arrival."""
    for number in range(windows):
        received = NOW + DAY * (number // per_day) + 20 * (number % per_day)
        event = T0 + 600 * number
        pod.answer(version, f"r{number}", normal_rows(4), event=event, received=received)
        pod.flush()


@pytest.mark.parametrize("per_day", [100, 7], ids=["within a day", "over days"])
@pytest.mark.parametrize(
    ("decided", "lookback"),
    [
        pytest.param(12, 0, id="the operator decides all"),
        pytest.param(5, 2, id="the operator decides some"),
        pytest.param(1, 11, id="a rule looks back as far as one may"),
    ],
)
def test_after_an_outage_of_the_operator_no_window_goes_by_undecided(
    store: Store, champion: Trained, decided: int, lookback: int, per_day: int
) -> None:
    serve_days(ServerPod(store, pane_seconds=600), champion, 31, per_day)
    target = target_of(champion, lookback=lookback)
    watch, seen = Watch(target, ObjectCache()), list[datetime]()
    while len(seen) < 30:
        now = instant(NOW + 9 * DAY)
        progress = watch.look(store, target, now, everything=False)
        if progress.reports:
            target = after(target, progress)
        if progress.more:
            continue
        if not target.room:
            idle = watch.look(store, target, now, everything=False)
            assert (idle.reports, idle.more) == ((), False)
        # What the operator does, who decides the oldest windows in the status.
        through = target.decided_through
        ends = [datetime.fromisoformat(one["end"]) for one in target.evaluations]
        waiting = [end for end in ends if through is None or end > through][:decided]
        before = [end for end in ends if end < waiting[0]]
        assert len(before) >= min(lookback, len(seen))
        seen += waiting
        target = replace(target, decided_through=waiting[-1])
    assert seen == [instant(T0 + 600 * number) for number in range(1, 31)]


def test_a_pod_that_began_while_nothing_was_read_counts_also_the_day_after(
    store: Store, champion: Trained
) -> None:
    pod, target = ServerPod(store), target_of(champion)
    watch = Watch(target, ObjectCache())
    evening = NOW - NOW % DAY + DAY - 600
    serve(pod, champion, T0, received=evening)
    assert watch.look(store, target, instant(evening + 40), everything=True).reports == ()
    for one in (pod, ServerPod(store, "bikes-1")):
        serve(one, champion, T0 + 600, received=evening + 60)
    serve(pod, champion, T0 + 1200, received=evening + 120)
    records, is_behind = list[int](), True
    while is_behind:
        progress = watch.look(store, target, instant(evening + DAY), everything=False)
        records += [len(one.evaluation.records) for one in progress.reports]
        target = after(target, progress) if progress.reports else target
        is_behind = progress.more
    assert records == [1, 2]


def test_too_few_rows_are_insufficient(store: Store, champion: Trained) -> None:
    pod = ServerPod(store)
    pod.answer(champion, "r", normal_rows(20), event=T0 + 1, received=NOW)
    pod.flush()
    serve(pod, champion, T0 + 600, received=NOW + 20)
    (report,) = look(store, target_of(champion), NOW + 9999).reports
    states = {one.name: one.state for one in report.evaluation.signals}
    assert states["inputs"] is states["quality"] is SignalState.INSUFFICIENT


def test_drift_and_a_drop_of_quality_are_measured(store: Store, champion: Trained) -> None:
    pod = ServerPod(store)
    for minute in range(10):
        rows = normal_rows(30, seed=minute, shift=1.5)
        event = T0 + 60 * minute + 2 * np.arange(30)
        decided = pod.answer(champion, f"r{minute}", rows, event=event, received=NOW + minute)
        wrong = 1 - decided if minute < 5 else decided
        pod.label(f"r{minute}", CLASS_NAMES[wrong].tolist(), received=NOW + minute + 0.5)
    pod.flush()
    serve(pod, champion, T0 + 600, received=NOW + 20)
    (report,) = look(store, target_of(champion), NOW + 9999).reports
    values = {one.name: one.value for one in report.evaluation.signals}
    assert values["inputs"] == pytest.approx(1 / 3)
    assert values["quality"] is not None
    assert values["quality"] > 0.3


def test_a_window_that_the_next_day_closes_is_judged_as_soon_as_any(
    store: Store, champion: Trained
) -> None:
    pod, target = ServerPod(store), target_of(champion)
    watch = Watch(target, ObjectCache())
    midnight = NOW - NOW % DAY + DAY
    serve(pod, champion, T0, received=midnight - 60)
    assert watch.look(store, target, instant(midnight - 20), everything=True).reports == ()
    serve(pod, champion, T0 + 600, received=midnight + 1)
    progress = watch.look(store, target, instant(midnight + 40), everything=False)
    assert [len(one.evaluation.records) for one in progress.reports] == [1]
