"""The demo's picture shows the drift that was measured and every decision but to wait."""

import math
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from demo.loop import Hop, hop_of
from demo.report import told_of
from replay.panel import Panel
from replay.picture import INPUTS, OUTPUTS, draw
from trimtab_stages.contract.monitoring import SignalKind

SVG = "{http://www.w3.org/2000/svg}"
WINDOWS = 18
END = "2026-11-22T00:00:00Z"
NAN = math.nan
SIGNALS = [
    {"name": "weather", "kind": "InputDrift"},
    {"name": "wind", "kind": "InputDrift"},
    {"name": "scores", "kind": "PredictionDrift"},
]


def hop(window: int, outcome: str, reason: str, share: float | None) -> Hop:
    readings = {} if share is None else {SignalKind.INPUT_DRIFT.value: share}
    return Hop(window, outcome, f"drop < {window}", {"reason": reason}, readings=readings)


def reading(name: str, value: str | None, state: str = "Measured") -> dict[str, Any]:
    return {"name": name, "state": state} | ({} if value is None else {"value": value})


def read(*signals: dict[str, Any]) -> Hop | None:
    decided = {"windowEnd": END, "outcome": "Alert", "reason": "RuleHolds", "message": "moved"}
    earlier = {"end": "2026-11-21T00:00:00Z", "signals": [reading("weather", "1")]}
    windows = [earlier, {"end": END, "signals": list(signals)}]
    status = {"decisions": [decided], "evaluations": windows}
    return hop_of({"spec": {"signals": SIGNALS}, "status": status}, 3, END)


@pytest.mark.parametrize(
    ("signals", "readings"),
    [
        pytest.param([reading("scores", "0.2")], {"PredictionDrift": 0.2}, id="one"),
        pytest.param(
            [reading("weather", "0.5"), reading("wind", "0.25")],
            {"InputDrift": 0.5},
            id="the largest of a kind",
        ),
        pytest.param([reading("weather", None, "Insufficient")], {}, id="too few rows"),
        pytest.param([reading("other", "0.5")], {}, id="of no signal that there is now"),
    ],
)
def test_a_decision_is_read_with_what_was_measured_of_its_window(
    signals: list[dict[str, Any]], readings: dict[str, float]
) -> None:
    found = read(*signals)

    assert found is not None
    assert (found.window, found.outcome, found.readings) == (3, "Alert", readings)


def test_each_decision_has_a_glyph_with_its_words_and_a_line_of_the_legend() -> None:
    hops = [hop(number, "Wait", "NoRuleHolds", 0.1) for number in range(WINDOWS)]
    hops[4] = hop(4, "Suppress", "Cooldown", 1.0)
    hops[16], hops[17] = (hop(number, "Alert", "RuleHolds", 0.5) for number in (16, 17))
    root = ET.fromstring(draw(told_of("t", {"loop": np.full(WINDOWS, 0.8)}, hops)))  # noqa: S314 - our own document

    told = [group.findtext(f"{SVG}title") for group in root.iter(f"{SVG}g")]
    assert told == [
        "window 5: Suppress, Cooldown: drop < 4",
        "window 17: Alert, RuleHolds: drop < 16",
        "window 18: Alert, RuleHolds: drop < 17",
    ]
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert {"Suppress, Cooldown: window 5", "Alert: windows 17, 18"} <= words
    assert {INPUTS, f"{OUTPUTS} (not measured)"} <= words


@pytest.mark.parametrize(
    ("series", "lines", "dots"),
    [
        pytest.param([0.1, 0.2, 0.3], 1, 3, id="all measured"),
        pytest.param([0.1, NAN, 0.3, 0.4], 2, 3, id="a gap"),
        pytest.param([NAN, NAN], 0, 0, id="nothing measured"),
    ],
)
def test_a_line_pauses_where_nothing_was_measured(
    series: list[float], lines: int, dots: int
) -> None:
    panel = Panel(0, 100, len(series), 0.0, 1.0, 0.5, 10)
    drawn = panel.draw({"inputs": np.array(series)}, {}, 100)

    assert (drawn.count("<polyline"), drawn.count("<circle")) == (lines, dots)
    assert "nan" not in drawn
