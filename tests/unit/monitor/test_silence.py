"""Killed pods: whoever falls silent with something unwritten is named in one window."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab_operator.monitor.silence import (
    GRACE_SECONDS,
    MOST_OVERDUE_NS,
    STATED_NS,
    WriterStates,
    fallen_silent,
    overdue_ns,
)
from trimtab_operator.monitor.windows import SECOND_NS
from trimtab_stages.contract.writer_state import WriterState

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
            {"p-1": state(100), "p-2": state(600, unwritten=False)},
            {"p-2": 500},
            (0, 9999),
            ["p-1"],
            id="another process of its pod goes on",
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


@pytest.mark.parametrize(
    ("floor", "closed", "known"),
    [
        pytest.param(0, 99, None, id="nothing was said yet"),
        pytest.param(0, 100, 0, id="what was said later does not matter"),
        pytest.param(0, 299, 1, id="the newest by then"),
        pytest.param(250, 299, 1, id="the newest before a floor stays"),
        pytest.param(999, 999, 2, id="the newest of all stays"),
        pytest.param((STATED_NS + MOST_OVERDUE_NS) // SECOND_NS + 301, 10**6, None, id="too old"),
    ],
)
def test_what_a_process_had_said_by_a_closing(floor: int, closed: int, known: int | None) -> None:
    said = [state(100), state(200, unwritten=False), state(300)]
    states = WriterStates()
    for number in (1, 2, 0):
        states.add(f"serving/m/writers/2026-11-28/p-1-{number:08d}.json", said[number])
    states.raise_floor(floor * SECOND_NS)
    expected = {} if known is None else {"p-1": said[known]}
    assert states.newest(closed * SECOND_NS) == expected
