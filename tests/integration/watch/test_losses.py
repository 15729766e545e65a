"""Objects that servers have lost: each is counted in one window, whoever looks."""

import pytest

from support.traffic import ServerPod, Trained, normal_rows
from support.watching import (
    NOW,
    T0,
    evaluations_of_killed,
    look,
    remove_reports,
    stored_reports,
    target_of,
)
from trimtab_operator.cli.replay import Outcome, replay_all
from trimtab_stages.store import Store

pytestmark = pytest.mark.integration

COUNTED = ("pane", "decisions", "feedback")


def serve_minutes(pod: ServerPod, version: Trained, minutes: range) -> None:
    """Answer ten rows a minute, label them and flush: ten objects of each kind a window."""
    for minute in minutes:
        name, received = f"{pod.name}-{minute}", NOW + 2 * minute
        rows = normal_rows(10, seed=minute)
        pod.answer(version, name, rows, event=T0 + 60 * minute, received=received)
        pod.label(name, ["calm"] * 10, received=received + 0.5)
        pod.flush()


@pytest.mark.parametrize(
    ("lost", "counts"),
    [
        pytest.param([], [0, 0, 0], id="nothing"),
        pytest.param([("pane", 3)], [1, 0, 0], id="a pane"),
        pytest.param(
            [("pane", 2), ("pane", 3), ("decisions", 12)], [2, 1, 0], id="panes and records"
        ),
        pytest.param([("feedback", 1)], [1, 0, 0], id="labels"),
        pytest.param([("pane", 10)], [0, 1, 0], id="the first pane of a window"),
        pytest.param([("pane", 9)], [0, 1, 0], id="the last pane of the one before"),
        pytest.param([("decisions", 19), ("decisions", 20)], [0, 0, 2], id="records about an edge"),
        pytest.param([("feedback", 10)], [0, 1, 0], id="the first labels of a window"),
        pytest.param(
            [(kind, number) for kind in COUNTED for number in (9, 10)],
            [0, 6, 0],
            id="everything about an edge",
        ),
        pytest.param([("pane", number) for number in range(10, 20)], [0, 0, 10], id="all panes"),
        pytest.param(
            [
                (kind, number)
                for kind in ("pane", "decisions", "feedback")
                for number in range(8, 23)
            ],
            [0, 0, 45],
            id="a whole window and more",
        ),
        pytest.param([("pane", 30)], [0, 0, 0], id="what would be counted in a window to come"),
    ],
)
def test_objects_that_got_lost_are_counted_once(
    store: Store, champion: Trained, lost: list[tuple[str, int]], counts: list[int]
) -> None:
    serve_three_windows(store, champion, lost)
    reports = look(store, target_of(champion), NOW + 9999).reports
    assert [report.evaluation.lost for report in reports] == counts


def serve_three_windows(store: Store, champion: Trained, lost: list[tuple[str, int]]) -> None:
    hit, other = ServerPod(store, "bikes-0", lost=frozenset(lost)), ServerPod(store, "bikes-1")
    for minute in range(31):
        for pod in (hit, other):
            serve_minutes(pod, champion, range(minute, minute + 1))


def test_processes_that_are_killed_and_a_replay_count_the_same(
    store: Store, champion: Trained
) -> None:
    serve_three_windows(store, champion, [(kind, 9) for kind in COUNTED] + [("pane", 14)])
    look(store, target_of(champion), NOW + 9999)
    assert {one.outcome for one in replay_all(store, "bikes", last=9)} == {Outcome.SAME}

    expected = stored_reports(store)
    remove_reports(store)
    found = evaluations_of_killed(store, target_of(champion), NOW + 9999)
    assert [one.lost for one in found] == [0, 4, 0]
    assert stored_reports(store) == expected


def test_late_rows_and_labels_of_windows_that_are_done_are_no_loss(
    store: Store, champion: Trained
) -> None:
    pod, other = ServerPod(store, "bikes-0"), ServerPod(store, "bikes-1")
    serve_minutes(other, champion, range(30))
    serve_minutes(pod, champion, range(10))
    for number in range(4):
        # Of a window that is done, while another pod answers what is due.
        late = f"late-{number}"
        received = NOW + 42 + number
        pod.answer(champion, late, normal_rows(3), event=T0 + number, received=received)
        pod.label(late, ["calm"] * 3, received=received + 0.1)
        pod.flush()
    serve_minutes(pod, champion, range(20, 31))
    reports = look(store, target_of(champion), NOW + 9999).reports
    assert [one.evaluation.lost for one in reports] == [0, 0, 0]
