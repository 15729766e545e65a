"""Before each promotion that a verdict led to, an alert of a rule fired."""

from dataclasses import replace
from typing import Any

import pytest

from demo.promotions import (
    RULE_ALERTS,
    Promotion,
    complaint,
    lead_bar,
    of_rules,
    promotions_of,
)
from support.alerting import alerts
from support.prometheus_server import Firing

WORSE = Firing("TrimtabModelQualityDropped", {"monitor": "bikes", "rule": "worse"}, 130.0, 190.0)
DRIFTED = Firing("TrimtabInputDrift", {"monitor": "bikes", "rule": "weather"}, 420.0, 520.0)
FIRST, SECOND = Promotion("r-1", 100.0, 200.0), Promotion("r-2", 400.0, 500.0)


def stamp(minute: int) -> str:
    return f"1970-01-01T00:{minute:02}:00Z"


def version(run: str, minute: int) -> dict[str, Any]:
    return {"run": run, "since": stamp(minute)}


@pytest.mark.parametrize(
    ("model", "found"),
    [
        pytest.param({}, [], id="nothing serves"),
        pytest.param({"champion": version("r-0", 1)}, [], id="the first version alone"),
        pytest.param(
            {"champion": version("r-2", 9), "history": [version("r-1", 4), version("r-0", 1)]},
            [Promotion("r-1", 180.0, 240.0), Promotion("r-2", None, 540.0)],
            id="of a verdict, and of a new snapshot",
        ),
    ],
)
def test_each_later_champion_was_promoted(model: dict[str, Any], found: list[Promotion]) -> None:
    retrains = [{"run": "r-1", "time": stamp(3)}, {"time": stamp(8)}]

    assert promotions_of(model, {"retrains": retrains}) == found


@pytest.mark.parametrize(
    ("promotions", "fired", "unknown", "line"),
    [
        pytest.param([FIRST, SECOND], [WORSE, DRIFTED], 0, "70 0 ok", id="before each"),
        pytest.param(
            [FIRST, SECOND], [WORSE], 0,
            "nan 0 short # no alert of a rule fired before the promotion of r-2",
            id="one that had ended before the verdict",
        ),
        pytest.param(
            [FIRST], [DRIFTED], 0,
            "nan 0 short # no alert of a rule fired before the promotion of r-1",
            id="one that came after the promotion",
        ),
        pytest.param([], [], 0, "nan 0 short # no verdict led to a promotion", id="no promotion"),
        pytest.param(
            [FIRST], [WORSE], 1,
            "nan 0 short # 1 promotions were counted that the Model does not keep",
            id="a promotion that nobody knows",
        ),
    ],
)  # fmt: skip
def test_an_alert_precedes_each_promotion(
    promotions: list[Promotion], fired: list[Firing], unknown: int, line: str
) -> None:
    told = str(lead_bar(promotions, fired, unknown))

    assert told == f"bar alert-before-promotion-seconds {line}"


@pytest.mark.parametrize(
    ("promotion", "words"),
    [
        pytest.param(FIRST, "TrimtabModelQualityDropped (rule worse) fired 70 s before", id="one"),
        pytest.param(SECOND, "no alert of a rule fired between verdict and promotion", id="none"),
        pytest.param(Promotion("r-3", None, 600.0), "no verdict led to it", id="not owed"),
    ],
)
def test_the_story_names_the_alert(promotion: Promotion, words: str) -> None:
    assert complaint(promotion, [WORSE]) == words


def test_alerts_that_a_rule_holds_count() -> None:
    asking = {name for name, rule in alerts().items() if "trimtab_rule_holding" in rule["expr"]}
    fault = Firing("TrimtabDataFault", WORSE.labels, 1.0, 2.0)
    foreign = replace(DRIFTED, labels={"monitor": "trams"})

    assert asking == RULE_ALERTS
    assert of_rules([WORSE, fault, foreign, DRIFTED], "bikes") == [WORSE, DRIFTED]
