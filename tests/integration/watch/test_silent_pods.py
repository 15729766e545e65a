"""Pods that are killed, idle, slow or started again, and the windows that name them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.traffic import MODEL, ServerPod, Trained, normal_rows
from support.watching import (
    NOW,
    T0,
    after,
    evaluations_of_killed,
    look,
    remove_reports,
    stored_reports,
    target_of,
)
from trimtab_operator.cli.replay import Outcome, replay_all
from trimtab_operator.monitor.feed import FEW
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.silence import GRACE_SECONDS, fallen_silent
from trimtab_operator.monitor.targets import Target
from trimtab_operator.monitor.traffic import Traffic
from trimtab_operator.monitor.watch import Watch
from trimtab_operator.monitor.windows import SECOND_NS, Grid
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.store import Entry, LocalStore, Store

pytestmark = pytest.mark.integration

LATER = NOW + 99_999
PATIENCE = 2 * 10 + GRACE_SECONDS
"""Seconds after which a process that flushes every ten is overdue."""


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
    reports = look(store, target, LATER).reports
    return [report.evaluation.silent for report in reports]


def process_of(pod: ServerPod) -> str:
    return f"{pod.name}-{pod.start:x}"


MINUTES = MonitorSpec.model_validate({"window": {"seconds": 60}})
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
    evaluations_of_killed(store, target_of(champion), LATER)
    assert stored_reports(store) == expected


def test_who_was_silent_for_several_short_windows_is_not_forgotten(
    store: Store, champion: Trained
) -> None:
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([killed, other], champion, range(4))
    serve_until([other], champion, range(4, 9))
    target = target_of(champion, policy=MINUTES)
    expected = [[], [], [], [], [], [], [process_of(killed)], []]
    assert silent_in(store, target) == expected
    remove_reports(store)
    found = evaluations_of_killed(store, target, LATER)
    assert [one.silent for one in found] == expected


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
    idle.idle(NOW + 60 * 6)
    serve_until([other], champion, range(5, 31))
    serve_until([idle, other], champion, range(31, 41))
    assert silent_in(store, target_of(champion)) == [[], [], [], []]


def test_a_process_that_began_anew_in_the_same_pod_tells_the_rows_besides(
    store: Store, champion: Trained
) -> None:
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([killed, other], champion, range(KILLED))
    again = ServerPod(store, "bikes-0", lost_rows=10, start=killed.start + 1)
    serve_until([other], champion, range(KILLED, KILLED + 1))
    serve_until([again, other], champion, range(KILLED + 1, 41))
    reports = look(store, target_of(champion), LATER).reports
    found = [(one.evaluation.silent, one.evaluation.lost_rows) for one in reports]
    assert found == [([], 0), ([process_of(killed)], 10), ([], 0), ([], 0)]


def test_a_process_that_began_anew_and_answered_nothing_hides_no_loss(
    store: Store, champion: Trained
) -> None:
    killed, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([killed, other], champion, range(KILLED))
    # Labels alone come, and with no row nothing tells what the one before it had not written.
    again = ServerPod(store, "bikes-0", lost_rows=10, start=killed.start + 1)
    again.label("bikes-1-3", ["calm"], received=NOW + 60 * KILLED)
    again.end()
    serve_until([other], champion, range(KILLED, 41))
    assert silent_in(store, target_of(champion)) == [[], [process_of(killed)], [], []]


def test_what_a_process_does_after_a_closing_does_not_matter_for_its_window(
    store: Store, champion: Trained
) -> None:
    stopped, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_until([stopped, other], champion, range(KILLED))
    serve_until([other], champion, range(KILLED, 31))
    serve_until([stopped, other], champion, range(31, 41))
    stopped.end()
    expected = [[], [process_of(stopped)], [], []]
    assert silent_in(store, target_of(champion)) == expected
    remove_reports(store)
    found = evaluations_of_killed(store, target_of(champion), LATER)
    assert [one.silent for one in found] == expected


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


def test_whoever_begins_after_midnight_knows_who_is_overdue_only_then(
    store: Store, champion: Trained
) -> None:
    pod, midnight = ServerPod(store, flush_seconds=3600), NOW - NOW % 86_400
    rows, received, begin = normal_rows(10), midnight - 1800, midnight + 5400
    pod.answer(champion, "r", rows, event=T0, received=received)
    pod.flush()
    traffic = Traffic(MODEL, Grid.of(MINUTES.window), round(begin * SECOND_NS))
    traffic.read(store, store.get, round(begin * SECOND_NS), everything=False)
    overdue = round(begin * SECOND_NS), round((begin + 3600) * SECOND_NS)
    states, heard = traffic.states.newest(overdue[1]), traffic.ledger.newest_arrivals(overdue[1])
    assert heard == {process_of(pod): round(received * SECOND_NS)}
    assert fallen_silent(states, heard, *overdue) == [process_of(pod)]


KINDS = ("decisions", "feedback", "writers")


class CountingStore(LocalStore):
    """Notes what is listed and read of what servers write by day.

    Attributes:
        listings: prefixes.
        entries: keys that the listings have brought.
        got: keys of objects that were read.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.forget()

    def forget(self) -> None:
        self.listings: list[str] = []
        self.entries: list[str] = []
        self.got: list[str] = []

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
        is_by_day = prefix.startswith(tuple(f"serving/bikes/{kind}/" for kind in KINDS))
        self.listings += [prefix] * is_by_day
        for entry in super().list(prefix, start_after):
            self.entries += [entry.key] * is_by_day
            yield entry

    def get(self, key: str) -> bytes:
        self.got.append(key)
        return super().get(key)


@pytest.fixture
def counting(store: Store) -> CountingStore:
    return CountingStore(Path(store.location))


def of_states(keys: list[str]) -> list[str]:
    return [key for key in keys if key.startswith("serving/bikes/writers/")]


def test_what_servers_say_is_listed_and_read_once_however_often_they_do(
    counting: CountingStore, champion: Trained
) -> None:
    pod, target = ServerPod(counting), target_of(champion, policy=MINUTES)
    watch, windows = Watch(target, ObjectCache()), 30
    for minute in range(0, 2 * windows, 2):
        serve_minute(pod, champion, minute)
        pod.idle(NOW + 60 * minute + 80)
        progress = look(counting, target, NOW + 60 * minute + 100, watch)
        target = after(target, progress) if progress.reports else target
        target = replace(target, decided_through=target.evaluated_through)
    # Each window takes one listing of its own, the first one two.
    assert len(of_states(counting.entries)) <= 3 * windows + 1
    said = of_states(counting.got)
    assert len(said) == len(set(said)) >= 2 * windows - 2

    counting.forget()
    serve_minute(pod, champion, 2 * windows)
    look(counting, target, NOW + 120 * windows + 100, Watch(target, ObjectCache()))
    assert len(set(of_states(counting.got))) <= FEW + 10, "the old ones are not read again"


def test_what_servers_say_is_read_only_once_a_window_has_closed(
    counting: CountingStore, champion: Trained
) -> None:
    pod, target = ServerPod(counting), target_of(champion, policy=MINUTES)
    watch = Watch(target, ObjectCache())
    look(counting, target, NOW, watch)
    counting.forget()
    for second in (0, 15, 30):
        pod.answer(champion, f"r{second}", normal_rows(5), event=T0 + second, received=NOW + second)
        pod.flush()
        look(counting, target, NOW + second + 14, watch)
    assert of_states(counting.listings) == []
    serve_minute(pod, champion, 2)
    assert look(counting, target, NOW + 134, watch).reports
    assert of_states(counting.listings)


def test_no_window_lists_what_silent_processes_wrote(
    counting: CountingStore, champion: Trained
) -> None:
    killed = [ServerPod(counting, f"bikes-{number}") for number in range(3)]
    other = ServerPod(counting, "other-0")
    serve_until([*killed, other], champion, range(3))
    serve_until([other], champion, range(3, 13))
    named = silent_in(counting, target_of(champion, policy=MINUTES))
    # Each kind is listed as a whole, and before the windows again, behind each process's last key.
    assert len(counting.listings) <= len(KINDS) * (1 + len([*killed, other]) + 1)
    assert [len(one) for one in named] == [0] * 5 + [len(killed)] + [0] * 6
