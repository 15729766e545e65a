"""Every row that arrived before its window was closed counts in it, and no other: against a plain
computation on the rows, for any order of arrival over several pods."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
import pytest

from support.traffic import ServerPod, Trained, instant, normal_rows
from support.watching import NOW, POLICY, T0, after, look, target_of
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.targets import Target
from trimtab_operator.monitor.watch import Watch
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.window_records import Span, read_window_records
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.store import Store

pytestmark = pytest.mark.integration

LENGTH = 600
FLUSH = 10
MINUTE = 60
AHEAD = 5 * 3600.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row: seconds since 1970."""

    event: float
    received: float


def windows_of(
    rows: list[Row], lateness: int, clock: Callable[[Row], float] = attrgetter("event")
) -> dict[int, int]:
    """Return how many rows count in each window that is closed: plainly, from all rows.

    Args:
        rows: all that were answered.
        lateness: seconds.
        clock: time of a row that closes windows.
    """
    counted = {}
    for number in sorted({int((row.event - T0) // LENGTH) for row in rows}):
        end = T0 + LENGTH * (number + 1)
        closed = min((row.received for row in rows if clock(row) >= end + lateness), default=0)
        inside = [row for row in rows if end - LENGTH <= row.event < end and row.received <= closed]
        if inside:
            counted[number] = len(inside)
    return counted


def counted_by(store: Store, report: Report) -> int:
    evaluation = report.evaluation
    span = Span(evaluation.version, evaluation.start, evaluation.end, evaluation.closed_ns)
    return len(read_window_records(store.get, span, evaluation.records).rows)


class Play:
    """Requests that arrive at several pods, and the monitor that looks on."""

    def __init__(self, store: Store, champion: Trained, lateness: int, *, restarts: bool) -> None:
        self._store, self._champion, self._restarts = store, champion, restarts
        window = POLICY["window"] | {"allowedLatenessSeconds": lateness}
        policy = MonitorSpec.model_validate(POLICY | {"window": window})
        self._target: Target = target_of(champion, policy=policy)
        self._watch = Watch(self._target, ObjectCache())
        self._pods = [ServerPod(store, f"bikes-{number}") for number in range(3)]
        self.rows: list[Row] = []
        self.counted: dict[int, int] = {}
        self.uncounted: Counter[str] = Counter()

    def answer(self, pod: int, second: float, events: list[float]) -> None:
        """Let a pod answer a request that arrives so many seconds after the begin."""
        name, received = f"r{len(self.rows)}", NOW + second
        rows = normal_rows(len(events), seed=len(self.rows))
        self._pods[pod].answer(self._champion, name, rows, event=events, received=received)
        self.rows += [Row(event, received) for event in events]

    def flush(self) -> None:
        for pod in self._pods:
            pod.flush()

    def look(self, second: float, *, everything: bool = False) -> None:
        """Evaluate what has closed, as a process that goes on or one that begins anew."""
        if self._restarts:
            self._watch = Watch(self._target, ObjectCache())
        progress = look(self._store, self._target, NOW + second, self._watch, everything=everything)
        self.uncounted.update(progress.uncounted)
        for report in progress.reports:
            number = round((report.evaluation.start - instant(T0)).total_seconds() / LENGTH)
            assert number not in self.counted
            self.counted[number] = counted_by(self._store, report)
        if progress.evaluated_through is not None:
            told = after(self._target, progress)
            self._target = replace(told, decided_through=told.evaluated_through)

    def late(self) -> int:
        """Return how many rows of windows that are done count in none: plainly, from all rows."""
        through = self._target.evaluated_through
        done = [row for row in self.rows if through and instant(row.event) < through]
        return len(done) - sum(self.counted.values())

    def end(self) -> None:
        before = -1
        while before != len(self.counted):
            before = len(self.counted)
            self.look(99_999, everything=True)


@pytest.fixture(params=[False, True], ids=["goes on", "begins anew"])
def restarts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize(
    ("lateness", "seed"),
    [
        pytest.param(0, 0, id="none is waited for"),
        pytest.param(600, 2, id="a window long"),
        pytest.param(1500, 1, id="over several windows"),
    ],
)
def test_rows_out_of_order_over_pods(
    store: Store, champion: Trained, lateness: int, seed: int, *, restarts: bool
) -> None:
    rng = np.random.default_rng(seed)
    play = Play(store, champion, lateness, restarts=restarts)
    for second in range(80):
        late = rng.choice([0, 30, 700, 2000], size=3, p=[0.6, 0.2, 0.1, 0.1])
        play.answer(int(rng.integers(3)), second, (T0 + MINUTE * second - late).tolist())
        if second % FLUSH == FLUSH - 1:
            play.flush()
            play.look(second + 1)
    play.end()
    assert play.counted == windows_of(play.rows, lateness)
    assert len(play.counted) > 5 - lateness // LENGTH
    # Processes that begin anew leave some out, and tell of none twice.
    told, all_late = play.uncounted["late"], play.late()
    assert told <= all_late if restarts else told == all_late > 0
    assert play.uncounted["missed"] == 0


def test_a_past_that_is_sent_at_once_to_several_pods(
    store: Store, champion: Trained, *, restarts: bool
) -> None:
    play = Play(store, champion, 3 * LENGTH, restarts=restarts)
    # Each pod is sent other windows, the last ones first, within one flush.
    for place, windows in enumerate(((3, 2), (1, 3), (0, 2))):
        for number in windows:
            events = [T0 + LENGTH * number + second for second in range(5)]
            play.answer(place, 2.0 * place + 0.1 * number, events)
    play.answer(0, 8.0, [T0 + 30 * LENGTH])
    play.flush()
    for second in (9, 40, 80):
        play.look(second)
    play.end()
    assert play.counted == windows_of(play.rows, 3 * LENGTH) == {0: 5, 1: 5, 2: 10, 3: 10}


def test_rows_of_clocks_that_are_all_ahead(
    store: Store, champion: Trained, *, restarts: bool
) -> None:
    play = Play(store, champion, 0, restarts=restarts)
    for minute in range(40):
        second = float(MINUTE * minute)
        play.answer(minute % 3, second, [NOW + second + AHEAD] * 2)
        play.flush()
        play.look(second + 20)
    play.answer(0, 2 * AHEAD, [NOW + 3 * AHEAD])
    play.flush()
    play.end()
    # While no clock can be believed, the time of arrival closes windows.
    expected = windows_of(play.rows, 0, attrgetter("received"))
    assert play.counted == expected
    assert sum(expected.values()) == 80
