"""No row of an open window is forgotten, whatever changes between two looks."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.traffic import ServerPod, Trained, instant, normal_rows, trained
from support.watching import NOW, POLICY, T0, after, look, target_of
from trimtab_operator.monitor.done_windows import DoneWindows
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.targets import WINDOWS, Target, TrainedVersion
from trimtab_operator.monitor.watch import Progress, Watch
from trimtab_operator.monitor.windows import Grid
from trimtab_operator.storage.evaluations import read_report
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.store import Store

pytestmark = pytest.mark.integration

LENGTH, ROWS, STEP = 600, 4, 20
LATER = NOW + 9999


def policy(lateness: int) -> MonitorSpec:
    window = POLICY["window"] | {"allowedLatenessSeconds": lateness}
    return MonitorSpec.model_validate(POLICY | {"window": window})


def serve_windows(pod: ServerPod, version: Trained, numbers: range) -> None:
    """Answer one request in each window, one after the other."""
    for number in numbers:
        name, event, received = f"r{number}", T0 + LENGTH * number, NOW + STEP * number
        pod.answer(version, name, normal_rows(ROWS), event=event, received=received)
        pod.flush()


def told(progress: Progress) -> list[tuple[int, int]]:
    """Return number and decision records of each window."""
    starts = [(one.evaluation.start - instant(T0)).total_seconds() for one in progress.reports]
    rows = [one.evaluation.rows for one in progress.reports]
    blocks = [len(one.evaluation.records) for one in progress.reports]
    assert rows == [ROWS * count for count in blocks]
    return list(zip([round(start / LENGTH) for start in starts], blocks, strict=True))


def decided(target: Target, progress: Progress) -> Target:
    """Return the target after the operator has decided all that was told."""
    found = after(target, progress)
    return replace(found, decided_through=found.evaluated_through)


def test_a_promotion_and_a_new_process_while_late_rows_are_waited_for(
    store: Store, champion: Trained, tmp_path: Path
) -> None:
    target = target_of(champion, policy=policy(3 * LENGTH))
    pod = ServerPod(store)
    serve_windows(pod, champion, range(6))
    first = look(store, target, NOW + 5 * STEP + 15)
    assert told(first) == [(0, 1), (1, 1)]
    with trained(store, tmp_path, "run-22") as newer:
        serve_windows(pod, newer, range(6, 12))
        since = instant(NOW + 5 * STEP + 70)
        versions = (TrainedVersion(newer.digest, newer.run, since), *target.versions)
        rest = look(store, replace(decided(target, first), versions=versions), LATER)
    assert told(rest) == [(number, 1) for number in range(2, 8)]


def test_less_lateness_than_before(store: Store, champion: Trained) -> None:
    target = target_of(champion, policy=policy(2 * LENGTH))
    serve_windows(ServerPod(store), champion, range(11))
    first = look(store, target, LATER)
    assert told(first)[-1] == (7, 1)
    rest = look(store, replace(decided(target, first), policy=policy(0)), LATER)
    assert told(rest) == [(8, 1), (9, 1)]


@pytest.mark.parametrize("windows", [11, 14], ids=["that the status tells", "of the bucket"])
def test_a_new_process_while_rows_are_waited_for_over_many_windows(
    store: Store, champion: Trained, windows: int
) -> None:
    target = target_of(champion, policy=policy(windows * LENGTH))
    numbers = list[int]()
    for count in (windows + 12, 2 * windows + 12, 2 * windows + 20):
        serve_windows(ServerPod(store, f"bikes-{count}"), champion, range(count))
        while (progress := look(store, target, LATER + STEP * count)).reports:
            numbers += [number for number, _ in told(progress)]
            target = decided(target, progress)
    assert numbers == list(range(windows + 19))
    done = DoneWindows(Grid.of(target.policy.window))
    for evaluated in target.evaluations:
        done.add(read_report(store, evaluated["report"]["key"]).evaluation)
    assert (done.floor(store.get) is None) is (windows > WINDOWS)
    done.find_older(store, target.name)
    assert done.floor(store.get) is not None


def test_a_pod_that_writes_late_of_a_window_that_is_open(store: Store, champion: Trained) -> None:
    target = target_of(champion)
    fast, slow = ServerPod(store, "fast"), ServerPod(store, "slow")
    fast.answer(champion, "a", normal_rows(ROWS), event=T0 + 10, received=NOW)
    slow.answer(champion, "b", normal_rows(ROWS), event=T0 + 603, received=NOW + 5)
    fast.answer(champion, "c", normal_rows(ROWS), event=T0 + 620, received=NOW + 130)
    fast.flush()
    watch = Watch(target, ObjectCache())
    # Rows of a window that is not over do not close the one before it as long as nobody sees them.
    first = watch.look(store, target, instant(NOW + 150), everything=True)
    slow.flush()
    fast.answer(champion, "d", normal_rows(ROWS), event=T0 + 1210, received=NOW + 700)
    fast.flush()
    rest = watch.look(store, decided(target, first), instant(LATER), everything=True)
    assert [told(first), told(rest)] == [[(0, 1)], [(1, 2)]]
