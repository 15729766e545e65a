"""Rows that count in no window: each is told once, as late or as missed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from support.traffic import ServerPod, Trained, instant, normal_rows, trained
from support.watching import NOW, T0, after, look, target_of
from trimtab_operator.monitor.feed import FEW
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.targets import Target
from trimtab_operator.monitor.watch import Progress, Watch
from trimtab_stages.store import Store

pytestmark = pytest.mark.integration

ROWS = 3
CLOSED = 20
"""Window 0 is closed so many seconds after the begin; window -1 after one."""
EVALUATED = 40

Requests = Sequence[tuple[float, float]]
"""Event time after T0 and arrival after NOW, seconds."""


def answer(
    pod: ServerPod, version: Trained, requests: Requests, *, shadow: bool = False
) -> ServerPod:
    for event, received in requests:
        name, rows, at = f"{pod.name} {event} {received}", normal_rows(ROWS), NOW + received
        pod.answer(version, name, rows, event=T0 + event, received=at, shadow=shadow)
    return pod


def serve(store: Store, version: Trained) -> None:
    """Let a pod answer in window 0 and close it."""
    answer(ServerPod(store, "fast"), version, [(10, 1), (600, CLOSED)]).flush()


def look_at_all(store: Store, target: Target, second: float, watch: Watch) -> Progress:
    """Look, also for processes that have begun to write."""
    return watch.look(store, target, instant(NOW + second), everything=True)


@pytest.mark.parametrize(
    ("requests", "written", "uncounted"),
    [
        pytest.param([(30, 5)], "in time", {}, id="in time"),
        pytest.param([(30, 5)], "after", {"missed": 3}, id="written after the evaluation"),
        pytest.param([(30, 25)], "in time", {"late": 3}, id="late"),
        pytest.param([(30, 25)], "after", {"late": 3}, id="late and written after"),
        pytest.param([(30, 5), (40, 25)], "in time", {"late": 3}, id="late beside others"),
        pytest.param(
            [(30, 5), (40, 25), (50, 6)], "after", {"late": 3, "missed": 6}, id="one block of both"
        ),
        pytest.param([(610, 5)], "after", {}, id="of an open window"),
        pytest.param([(-30, 0)], "after", {"missed": 3}, id="of a window without a report"),
        pytest.param([(-30, 0)], "in time", {}, id="the first of their window"),
        pytest.param([(-9e6, 25)], "after", {"late": 3}, id="of long ago"),
        pytest.param([(-30, 5)], "in time", {"late": 3}, id="of a window passed over"),
    ],
)
def test_rows_that_count_in_no_window_are_told_once(
    store: Store, champion: Trained, requests: Requests, written: str, uncounted: dict[str, int]
) -> None:
    serve(store, champion)
    slow = answer(ServerPod(store, "slow"), champion, requests)
    target = target_of(champion)
    watch, told = Watch(target, ObjectCache()), list[dict[str, int]]()
    if written == "in time":
        slow.flush()
    for second in (EVALUATED, 50, 60):
        progress = look_at_all(store, target, second, watch)
        target = after(target, progress)
        told.append(dict(progress.uncounted))
        slow.flush()
    expected = [uncounted, {}, {}] if written == "in time" else [{}, uncounted, {}]
    assert told == expected


def test_rows_in_the_shadow_and_of_other_versions_are_not_told(
    store: Store, champion: Trained, tmp_path: Path
) -> None:
    serve(store, champion)
    target = target_of(champion)
    watch = Watch(target, ObjectCache())
    target = after(target, look(store, target, NOW + EVALUATED, watch))
    with trained(store, tmp_path, "run-22") as other:
        answer(ServerPod(store, "a"), other, [(30, 25)]).flush()
    answer(ServerPod(store, "b"), champion, [(30, 25)], shadow=True).flush()
    assert look_at_all(store, target, 50, watch).uncounted == {}


def test_a_process_that_begins_anew_tells_only_of_what_comes_then(
    store: Store, champion: Trained
) -> None:
    serve(store, champion)
    answer(ServerPod(store, "late"), champion, [(30, 25)]).flush()
    target = target_of(champion)
    # Killed after the report was written: the next one tells what this one could not.
    look(store, target, NOW + EVALUATED)
    progress = look(store, target, NOW + EVALUATED)
    assert progress.uncounted == {"late": 3}
    target = after(target, progress)
    watch = Watch(target, ObjectCache())
    for expected in ({}, {"missed": 3}):
        assert look_at_all(store, target, 60, watch).uncounted == expected
        answer(ServerPod(store, "slow"), champion, [(30, 5)]).flush()


def test_windows_that_another_process_has_done_are_left_to_it(
    store: Store, champion: Trained
) -> None:
    answer(ServerPod(store, "fast"), champion, [(10, 1)]).flush()
    target = target_of(champion)
    watch = Watch(target, ObjectCache())
    look_at_all(store, target, EVALUATED, watch)
    answer(ServerPod(store, "next"), champion, [(20, 2), (600, CLOSED)]).flush()
    target = after(target, look(store, target, NOW + EVALUATED))
    assert look_at_all(store, target, EVALUATED, watch).uncounted == {}


def test_all_that_a_slow_pod_has_held_back_is_told(store: Store, champion: Trained) -> None:
    serve(store, champion)
    answer(ServerPod(store, "next"), champion, [(1200, 100)]).flush()
    slow, target = ServerPod(store, "slow"), target_of(champion)
    watch = Watch(target, ObjectCache())
    progress = look(store, target, NOW + 200, watch)
    assert len(progress.reports) == 2
    for number in range(2 * FEW):
        answer(slow, champion, [(30 + number, 2 + number / 10)]).flush()
    # What has closed this window is forgotten, but when it was closed is not.
    answer(slow, champion, [(30, CLOSED + 5)]).flush()
    target = after(target, progress)
    uncounted = look_at_all(store, target, 200, watch).uncounted
    assert uncounted == {"missed": 2 * FEW * ROWS, "late": ROWS}
