"""Realised quality is compared with the version's first measured window too, whoever looks."""

from dataclasses import replace

import pytest

from support.traffic import ServerPod, Trained, trained
from support.watching import (
    NOW,
    T0,
    after,
    evaluations_of_killed,
    look,
    remove_reports,
    serve,
    stored_reports,
    target_of,
)
from trimtab_operator.monitor.targets import Target
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.first_window import FIRST_WINDOWS
from trimtab_stages.contract.monitoring import QualityReference
from trimtab_stages.store import Store

pytestmark = pytest.mark.integration

ALL_RIGHT, AS_TESTED, WORSE = 0, 1, 3
"""Rows of 30 that are decided wrong; training promises 1.5."""


def serve_wrong(pod: ServerPod, version: Trained, wrong: list[int | None], begin: int = 0) -> None:
    """Serve windows with so many wrong rows each, unlabelled ones where that is None."""
    for number, rows in enumerate([*wrong, None], start=begin):
        at, told = T0 + 600 * number, rows is not None
        serve(pod, version, at, received=NOW + 20 * number, wrong=rows or 0, labels=told)


def firsts(reports: tuple[Report, ...]) -> list[int | None]:
    """Return the number of the window that each was compared with besides the test split."""
    found = []
    for report in reports:
        qualities = report.evaluation.qualities
        end = qualities[0].first.end.timestamp() if qualities and qualities[0].first else None
        found.append(None if end is None else round((end - T0) / 600) - 1)
    return found


def all_windows(store: Store, target: Target) -> tuple[Report, ...]:
    found: tuple[Report, ...] = ()
    while (progress := look(store, target, NOW + 99_999)).reports:
        found += progress.reports
        target = after(target, progress)
        through = target.evaluated_through
        target = replace(target, decided_through=through)
    return found


def test_a_window_worse_than_the_first_is_told_so(store: Store, champion: Trained) -> None:
    serve_wrong(ServerPod(store), champion, [ALL_RIGHT, WORSE])
    first, second = all_windows(store, target_of(champion))

    (quality,) = second.evaluation.qualities
    assert quality.first is not None
    assert (quality.first.report, quality.first.value) == (first.file, 1.0)
    assert (quality.tested, quality.reference) == (0.95, 1.0)
    assert quality.reference_of is QualityReference.FIRST_WINDOW
    signal = next(one for one in second.evaluation.signals if one.name == "quality")
    assert (signal.reference, signal.reference_of) == (1.0, QualityReference.FIRST_WINDOW)
    until = f"{first.evaluation.end:%Y-%m-%d %H:%M:%SZ}"
    assert f"reference 1.0000 of the first window, until {until}: " in signal.message


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        pytest.param([AS_TESTED, ALL_RIGHT, WORSE], [None, 0, 0], id="the first, not the best"),
        pytest.param([None, ALL_RIGHT, WORSE], [None, None, 1], id="labels are missing"),
        pytest.param([None] * 2, [None] * 2, id="no labels at all"),
        pytest.param(
            [None] * FIRST_WINDOWS + [ALL_RIGHT, WORSE],
            [None] * (FIRST_WINDOWS + 2),
            id="long after the promotion",
        ),
        # Inverted labels are CorruptLabels.
        pytest.param([30, ALL_RIGHT, WORSE], [None, None, 1], id="a fault of the data"),
    ],
)
def test_the_first_window_is_one_with_labels_and_without_faults(
    store: Store, champion: Trained, wrong: list[int | None], expected: list[int | None]
) -> None:
    serve_wrong(ServerPod(store), champion, wrong)

    assert firsts(all_windows(store, target_of(champion))) == expected


def test_each_version_has_its_own(
    store: Store, champion: Trained, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with trained(store, tmp_path_factory.mktemp("newer"), "run-22") as newer:
        serve_wrong(ServerPod(store), champion, [AS_TESTED, WORSE])
        serve_wrong(ServerPod(store, "bikes-1"), newer, [ALL_RIGHT, WORSE], begin=3)
        found = all_windows(store, target_of(newer, champion))

    assert firsts(found) == [None, 0, None, None, 3]


def test_killed_processes_compare_with_the_same_window(store: Store, champion: Trained) -> None:
    serve_wrong(ServerPod(store), champion, [None, ALL_RIGHT, WORSE, AS_TESTED, WORSE])
    target = target_of(champion)
    whole = all_windows(store, target)
    expected = stored_reports(store)
    assert firsts(whole) == [None, None, 1, 1, 1]

    remove_reports(store)
    found = evaluations_of_killed(store, target, NOW + 99_999)
    assert found == [report.evaluation for report in whole]
    assert stored_reports(store) == expected
