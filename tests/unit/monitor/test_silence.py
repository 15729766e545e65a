"""Killed pods: whoever falls silent with something unwritten is named in one window."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.traffic import ServerPod, Trained, normal_rows
from support.watching import NOW, T0, after, look, remove_reports, stored_reports, target_of
from trimtab_operator.cli.replay import Outcome, replay_all
from trimtab_operator.monitor.silence import (
    GRACE_SECONDS,
    MOST_OVERDUE_NS,
    fallen_silent,
    overdue_ns,
)
from trimtab_operator.monitor.targets import Target
from trimtab_operator.monitor.windows import SECOND_NS
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.contract.writer_state import WriterState
from trimtab_stages.store import Store

PATIENCE = 2 * 10 + GRACE_SECONDS
"""Seconds after which a process that flushes every ten is overdue."""


def state(at: float, *, unwritten: bool = True, flush_seconds: int = 10) -> WriterState:
    at_ns = round(at * SECOND_NS)
    return WriterState(model="m", at_ns=at_ns, flush_seconds=flush_seconds, unwritten=unwritten)


DUE = 100 + PATIENCE


@pytest.mark.parametrize(
    ("states", "heard", "window", "named"),
    [
        pytest.param({}, {}, (0, 9999), [], id="servers that say nothing"),
        pytest.param({"p-1": state(100)}, {}, (0, DUE), ["p-1"], id="overdue"),
        pytest.param({"p-1": state(100)}, {}, (0, DUE - 1), [], id="not yet"),
        pytest.param({"p-1": state(100)}, {}, (DUE, 9999), [], id="in the window before"),
        pytest.param(
            {"p-1": state(100, unwritten=False)}, {}, (0, 9999), [], id="nothing is unwritten"
        ),
        pytest.param({"p-1": state(100)}, {"p-1": 500}, (0, DUE), [], id="still writes"),
        pytest.param(
            {"p-1": state(5)}, {"p-1": 100}, (DUE - 1, DUE), ["p-1"], id="silent since its last"
        ),
        pytest.param({"p-1": state(100)}, {"q-1": 500}, (0, DUE), ["p-1"], id="another one writes"),
        pytest.param(
            {"p-1": state(100, flush_seconds=300)}, {}, (0, DUE + 579), [], id="flushes seldom"
        ),
        pytest.param(
            {"p-1": state(100), "p-a": state(600, unwritten=False)},
            {},
            (0, 9999),
            [],
            id="its successor in the pod tells the rows",
        ),
        pytest.param(
            {"p-9": state(100), "p-a": state(600)},
            {},
            (0, 9999),
            ["p-a"],
            id="the successor is killed too",
        ),
        pytest.param(
            {"p-b-1": state(100), "p-a-1": state(100)}, {}, (0, DUE), ["p-a-1", "p-b-1"], id="two"
        ),
    ],
)
def test_who_is_named(
    states: dict[str, WriterState],
    heard: dict[str, float],
    window: tuple[float, float],
    named: list[str],
) -> None:
    heard_ns = {process: round(at * SECOND_NS) for process, at in heard.items()}
    after_ns, closed_ns = (round(at * SECOND_NS) for at in window)
    assert fallen_silent(states, heard_ns, after_ns, closed_ns) == named


def test_no_process_is_overdue_later_than_the_longest_flush_allows() -> None:
    assert overdue_ns(state(0, flush_seconds=3600), 0) == MOST_OVERDUE_NS


@given(
    silent_since=st.lists(st.integers(0, 2000), max_size=6),
    closings=st.lists(st.integers(0, 3000), min_size=2, max_size=8).map(sorted),
)
def test_windows_together_name_everyone_once(silent_since: list[int], closings: list[int]) -> None:
    states = {f"p{number}-1": state(at) for number, at in enumerate(silent_since)}
    windows = pairwise(at * SECOND_NS for at in closings)
    named = [one for window in windows for one in fallen_silent(states, {}, *window)]
    due = {f"p{number}-1": at + PATIENCE for number, at in enumerate(silent_since)}
    first, last = closings[0], closings[-1]
    assert sorted(named) == sorted(one for one, at in due.items() if first < at <= last)


def serve_minute(pod: ServerPod, version: Trained, minute: int, *, flush: bool = True) -> None:
    """Answer ten rows of a minute of event time and of arrival."""
    name, received = f"{pod.name}-{minute}", NOW + 60 * minute
    rows = normal_rows(10, seed=minute)
    pod.answer(version, name, rows, event=T0 + 60 * minute, received=received)
    pod.label(name, ["calm"] * 10, received=received + 0.5)
    if flush:
        pod.flush()


def serve_until(pods: list[ServerPod], version: Trained, minutes: range) -> None:
    for minute in minutes:
        for pod in pods:
            serve_minute(pod, version, minute)


def silent_in(store: Store, target: Target) -> list[list[str]]:
    reports = look(store, target, NOW + 99_999).reports
    return [report.evaluation.silent for report in reports]


def look_anew(store: Store, target: Target) -> list[list[str]]:
    """Return whom processes name that evaluate one window each and are killed."""
    named: list[list[str]] = []
    while (progress := look(store, target, NOW + 99_999)).reports:
        named.append(progress.reports[0].evaluation.silent)
        for report in progress.reports[1:]:
            store.delete(report.file.key)
        end = progress.reports[0].evaluation.end
        told = replace(progress, reports=progress.reports[:1], evaluated_through=end)
        target = after(target, told)
    return named


def process_of(pod: ServerPod) -> str:
    return f"{pod.name}-{pod.start:x}"


KILLED = 14
"""Minute after which a pod is killed, in the second of four windows."""


def serve_and_kill(store: Store, champion: Trained) -> ServerPod:
    """Serve four windows from two pods; one is killed with a minute that it had not written."""
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([killed, other], champion, range(KILLED))
    serve_minute(killed, champion, KILLED, flush=False)
    serve_until([other], champion, range(KILLED, 41))
    return killed


def test_a_killed_pod_counts_as_one_lost_flush_in_one_window(
    store: Store, champion: Trained
) -> None:
    killed = serve_and_kill(store, champion)
    assert silent_in(store, target_of(champion)) == [[], [process_of(killed)], [], []]


def test_a_killed_pod_is_named_alike_after_restarts_and_by_a_replay(
    store: Store, champion: Trained
) -> None:
    serve_and_kill(store, champion)
    silent_in(store, target_of(champion))
    assert {one.outcome for one in replay_all(store, "bikes", last=9)} == {Outcome.SAME}

    expected = stored_reports(store)
    remove_reports(store)
    look_anew(store, target_of(champion))
    assert stored_reports(store) == expected


def test_who_was_silent_for_several_short_windows_is_looked_for_in_the_bucket(
    store: Store, champion: Trained
) -> None:
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([killed, other], champion, range(4))
    serve_until([other], champion, range(4, 9))
    policy = MonitorSpec.model_validate({"window": {"seconds": 60}})
    target = target_of(champion, policy=policy)
    expected = [[], [], [], [], [], [process_of(killed)], [], []]
    assert silent_in(store, target) == expected
    remove_reports(store)
    assert look_anew(store, target) == expected


@pytest.mark.parametrize(
    ("says_states", "ends"),
    [
        pytest.param(True, True, id="scaled down orderly"),
        pytest.param(False, False, id="of a version that says nothing, killed"),
    ],
)
def test_whoever_cannot_be_said_to_have_lost_anything_is_not_named(
    store: Store, champion: Trained, *, says_states: bool, ends: bool
) -> None:
    gone, other = ServerPod(store, "bikes-0", says_states=says_states), ServerPod(store, "bikes-1")
    serve_until([gone, other], champion, range(KILLED))
    if ends:
        gone.end()
    serve_until([other], champion, range(KILLED, 41))
    assert silent_in(store, target_of(champion)) == [[], [], [], []]


def test_an_idle_pod_is_not_named_whether_it_lives_or_not(store: Store, champion: Trained) -> None:
    idle, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([idle, other], champion, range(5))
    idle.flush()
    serve_until([other], champion, range(5, 31))
    serve_until([idle, other], champion, range(31, 41))
    assert silent_in(store, target_of(champion)) == [[], [], [], []]


def test_a_process_that_began_anew_in_the_same_pod_tells_the_rows_instead(
    store: Store, champion: Trained
) -> None:
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([killed, other], champion, range(KILLED))
    again = ServerPod(store, "bikes-0", lost_rows=10, start=killed.start + 1)
    serve_until([other], champion, range(KILLED, KILLED + 1))
    serve_until([again, other], champion, range(KILLED + 1, 41))
    reports = look(store, target_of(champion), NOW + 99_999).reports
    found = [(one.evaluation.silent, one.evaluation.lost_rows) for one in reports]
    assert found == [([], 0), ([], 10), ([], 0), ([], 0)]


def test_a_pod_killed_before_its_first_flush_is_known_by_its_state_alone(
    store: Store, champion: Trained
) -> None:
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_minute(killed, champion, 3, flush=False)
    serve_until([other], champion, range(41))
    assert silent_in(store, target_of(champion)) == [[process_of(killed)], [], [], []]


def test_a_slow_pod_that_was_named_is_not_named_again_when_it_is_back(
    store: Store, champion: Trained
) -> None:
    slow, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([slow, other], champion, range(KILLED))
    serve_until([other], champion, range(KILLED, 21))
    target = target_of(champion)
    first = look(store, target, NOW + 60 * 21)
    assert [one.evaluation.silent for one in first.reports] == [[], [process_of(slow)]]

    # Its store takes again what was answered meanwhile.
    serve_until([slow], champion, range(KILLED, 21))
    serve_until([slow, other], champion, range(21, 41))
    assert silent_in(store, after(target, first)) == [[], []]


@pytest.mark.parametrize("replicas", [1, 4, 16])
def test_however_many_replicas_there_are_only_the_killed_one_is_named(
    store: Store, champion: Trained, replicas: int
) -> None:
    pods = [ServerPod(store, f"bikes-{number}") for number in range(replicas)]
    other = ServerPod(store, "other-0")
    serve_until([other], champion, range(0, KILLED, 5))
    serve_until(pods, champion, range(KILLED - 2, KILLED))
    for pod in pods[1:]:
        pod.end()
    serve_until([other], champion, range(KILLED, 31, 4))
    assert silent_in(store, target_of(champion)) == [[], [process_of(pods[0])], []]


def test_a_pod_that_was_long_dead_is_named_in_no_later_window(
    store: Store, champion: Trained
) -> None:
    serve_and_kill(store, champion)
    serve_until([ServerPod(store, "bikes-2")], champion, range(41, 71))
    named = silent_in(store, target_of(champion))
    assert [len(one) for one in named] == [0, 1, 0, 0, 1, 0, 0]
