"""Which windows of the demo were not shown to be judged and decided the same."""

from typing import Any

import pytest

from demo.replays import Replays, entries_of

FIRST, SECOND = "2011-03-01T00:00:00Z", "2011-04-01T00:00:00Z"
DECIDED = {FIRST: "NoRuleHolds", SECOND: "RuleHolds"}


def entry(end: str, report: str = "Same", verdict: str = "Same") -> dict[str, Any]:
    told = {"outcome": verdict, "message": f"v-{verdict}"}
    return {"end": end, "outcome": report, "message": f"r-{report}", "verdict": told}


@pytest.mark.parametrize(
    ("decided", "told", "lines"),
    [
        pytest.param(DECIDED, [entry(FIRST), entry(SECOND)], [], id="all the same"),
        pytest.param(
            DECIDED,
            [entry(FIRST, report="Different"), entry(SECOND)],
            [f"window until {FIRST}: report Different: r-Different"],
            id="another report",
        ),
        pytest.param(
            DECIDED,
            [entry(FIRST, report="Incomplete", verdict="NotCompared"), entry(SECOND)],
            [f"window until {FIRST}: report Incomplete: r-Incomplete"],
            id="a pane is gone",
        ),
        pytest.param(
            DECIDED,
            [entry(FIRST), entry(SECOND, verdict="Different")],
            [f"window until {SECOND}: verdict Different: v-Different"],
            id="another decision",
        ),
        pytest.param(
            DECIDED,
            [entry(FIRST, verdict="NotCompared"), entry(SECOND)],
            [f"window until {FIRST}: verdict NotCompared: v-NotCompared"],
            id="a decision that was not compared",
        ),
        pytest.param(
            DECIDED | {FIRST: "VersionReplaced"},
            [entry(FIRST, verdict="NotCompared"), entry(SECOND)],
            [],
            id="the rules were not asked",
        ),
        pytest.param(
            {FIRST: "NoRuleHolds"},
            [entry(FIRST), entry(SECOND, verdict="NotCompared")],
            [],
            id="a window after the play is not decided yet",
        ),
        pytest.param(
            DECIDED, [entry(FIRST)], [f"window until {SECOND}: no report"], id="a report is gone"
        ),
    ],
)
def test_what_differs_is_counted_and_told(
    decided: dict[str, str], told: list[dict[str, Any]], lines: list[str]
) -> None:
    found = Replays(decided, told)
    assert found.differing() == lines
    assert (found.bar().value, found.bar().met) == (len(lines), not lines)


@pytest.mark.parametrize(
    ("fault", "why"), [("", "no window was replayed"), ("no replay: away", "no replay: away")]
)
def test_without_a_replay_there_is_no_figure(fault: str, why: str) -> None:
    bar = Replays(DECIDED, entries_of(""), fault).bar()
    assert str(bar) == f"bar replays-differing nan 0 short # {why}"
