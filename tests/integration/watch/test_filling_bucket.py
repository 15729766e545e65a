"""Windows of a bucket that fills while it is read: after an outage of the store, for instance."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.traffic import ServerPod, Trained, instant, normal_rows
from support.watching import NOW, T0, after, target_of
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.sequences import writer_of
from trimtab_operator.monitor.watch import Watch
from trimtab_stages.store import Entry, LocalStore

pytestmark = pytest.mark.integration

Lacking = dict[str, list[range]]
"""Numbers that the first, the second, ... reading of a kind does not show yet."""
MIDNIGHT = NOW - NOW % 86_400 + 86_400


class FillingStore(LocalStore):
    """Shows some objects only after they were listed.

    Attributes:
        lacking: what the next readings do not show.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lacking: Lacking = {}
        self._hidden: dict[str, range] = {}

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
        kind = prefix.split("/")[2] if prefix.startswith("serving/") else ""
        goes_on = prefix.endswith("/") and start_after.count("/") > prefix.count("/")
        if not goes_on:
            portions = self.lacking.get(kind)
            self._hidden[kind] = portions.pop(0) if portions else range(0)
        hidden = self._hidden.get(kind, range(0))
        for entry in super().list(prefix, start_after):
            if not hidden or writer_of(entry.key).sequence not in hidden:
                yield entry


@pytest.fixture
def store(tmp_path: Path) -> FillingStore:
    (tmp_path / "bucket").mkdir()
    return FillingStore(tmp_path / "bucket")


@pytest.mark.parametrize(
    ("everything", "begin", "seen_after"),
    [
        pytest.param(True, NOW, 999, id="all are looked for"),
        pytest.param(False, NOW, 999, id="known ones go on"),
        pytest.param(True, MIDNIGHT - 60, 80, id="the day has just ended"),
    ],
)
@pytest.mark.parametrize(
    "lacking",
    [
        pytest.param({}, id="nothing is missing"),
        pytest.param({"decisions": [range(8, 9)]}, id="one came when its place was passed"),
        pytest.param({"decisions": [range(8, 25)]}, id="labels close before the records are seen"),
        pytest.param({"feedback": [range(5, 25)]}, id="records close before the labels are seen"),
        pytest.param(
            {"decisions": [range(11, 25), range(18, 19)], "feedback": [range(11, 25)]},
            id="the next window closes meanwhile",
        ),
        pytest.param(
            {"decisions": [range(11, 25), range(18, 25)], "feedback": [range(11, 25)]},
            id="labels close the next window meanwhile",
        ),
        pytest.param(
            {"feedback": [range(11, 25), range(15, 25)], "decisions": [range(11, 25)]},
            id="records close the next window meanwhile",
        ),
    ],
)
def test_a_window_has_all_that_came_before_what_closed_it(
    store: FillingStore,
    champion: Trained,
    lacking: Lacking,
    begin: float,
    seen_after: float,
    *,
    everything: bool,
) -> None:
    pod = ServerPod(store)
    for minute in range(21):
        name, event, received = f"r{minute}", T0 + 60 * minute, begin + 2 * minute
        pod.answer(champion, name, normal_rows(10, seed=minute), event=event, received=received)
        pod.label(name, ["calm"] * 10, received=received + 0.5, event=event)
        pod.flush()
    store.lacking = {kind: list(portions) for kind, portions in lacking.items()}
    target = target_of(champion)
    watch, found = Watch(target, ObjectCache()), list[tuple[int, int, int]]()
    for _ in range(4):
        progress = watch.look(store, target, instant(begin + seen_after), everything=everything)
        for report in progress.reports:
            one = report.evaluation
            found.append((one.rows, one.labels, one.lost))
        if progress.evaluated_through is not None:
            target = after(target, progress)

    assert found == [(100, 100, 0)] * 2


def test_the_first_window_has_what_came_to_a_process_that_nobody_knew(
    store: FillingStore, champion: Trained
) -> None:
    first, other, unseen = (ServerPod(store, f"bikes-{number}") for number in range(3))
    target = replace(target_of(champion), flush_seconds=60)
    watch = Watch(target, ObjectCache())
    # Known by what came before the champion's traffic begins.
    other.answer(champion, "old", normal_rows(1), event=T0 - 90, received=NOW - 100)
    other.flush()
    first.answer(champion, "a", normal_rows(1), event=T0 + 600, received=NOW)
    first.flush()
    watch.look(store, target, instant(NOW + 20), everything=True)
    for pod, rows in ((other, 10), (unseen, 20)):
        pod.answer(champion, pod.name, normal_rows(rows), event=T0 + 300, received=NOW - 5)
        pod.flush()

    progress = watch.look(store, target, instant(NOW + 65), everything=False)

    assert [len(report.evaluation.records) for report in progress.reports] == [2]
