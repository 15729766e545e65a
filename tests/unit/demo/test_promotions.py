"""Before each promotion that a verdict led to, the alert of the rule that asked for it fired."""

from dataclasses import replace
from typing import Any

import pytest

from demo.loop import Hop
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

ABOUT = {"model": "bikes", "monitor": "bikes"}
WORSE = Firing("TrimtabModelQualityDropped", ABOUT | {"rule": "worse"}, 130.0, 190.0)
WORSE_AGAIN = replace(WORSE, since=420.0, until=520.0)
LASTING = replace(WORSE, until=520.0)
DRIFTED = Firing("TrimtabInputDrift", ABOUT | {"rule": "weather"}, 120.0, 520.0)
FIRST, SECOND = Promotion("r-1", "worse", 100.0, 200.0), Promotion("r-2", "worse", 400.0, 500.0)


def stamp(minute: int) -> str:
    return f"1970-01-01T00:{minute:02}:00Z"


def version(run: str, minute: int) -> dict[str, Any]:
    return {"run": run, "since": stamp(minute)}


def retrained(run: str, minute: int, rule: str = "worse") -> Hop:
    return Hop(0, "Retrain", "", {"rule": rule, "time": stamp(minute)}, run=run)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        pytest.param({}, [], id="nothing serves"),
        pytest.param({"champion": version("r-0", 1)}, [], id="the first version alone"),
        pytest.param(
            {"champion": version("r-2", 9), "history": [version("r-1", 4), version("r-0", 1)]},
            [Promotion("r-1", "worse", 180.0, 240.0), Promotion("r-2", "", 240.0, 540.0)],
            id="of a verdict, and of a new snapshot",
        ),
        pytest.param(
            {"champion": version("r-1", 4), "history": [version("r-7", 3), version("r-0", 1)]},
            [Promotion("r-7", "", 60.0, 180.0), Promotion("r-1", "worse", 180.0, 240.0)],
            id="of a verdict, after one of another cause",
        ),
    ],
)
def test_each_later_champion_was_promoted(model: dict[str, Any], found: list[Promotion]) -> None:
    assert promotions_of(model, [Hop(0, "Wait", ""), retrained("r-1", 3)]) == found


SILENT = "nan 0 short # the alert of its rule did not fire before the promotion of"


@pytest.mark.parametrize(
    ("promotions", "fired", "unknown", "line"),
    [
        pytest.param([FIRST, SECOND], [WORSE, WORSE_AGAIN], 0, "70 0 ok", id="before each"),
        pytest.param(
            [FIRST, SECOND], [LASTING], 0, "70 0 ok", id="one that goes on beyond a promotion"
        ),
        pytest.param(
            [SECOND], [LASTING], 0, "100 0 ok", id="one from before the verdict counts from it"
        ),
        pytest.param(
            [FIRST, SECOND], [WORSE], 0, f"{SILENT} r-2", id="one that ended before the verdict"
        ),
        pytest.param(
            [FIRST], [WORSE_AGAIN], 0, f"{SILENT} r-1", id="one that came after the promotion"
        ),
        pytest.param([FIRST], [DRIFTED], 0, f"{SILENT} r-1", id="one of another rule"),
        pytest.param([], [], 0, "nan 0 short # no verdict led to a promotion", id="no promotion"),
        pytest.param(
            [FIRST], [WORSE], 1,
            "nan 0 short # 1 promotions were counted that the Model does not keep",
            id="a promotion that nobody knows",
        ),
    ],
)  # fmt: skip
def test_the_alert_of_its_rule_precedes_each_promotion(
    promotions: list[Promotion], fired: list[Firing], unknown: int, line: str
) -> None:
    told = str(lead_bar(promotions, fired, unknown))

    assert told == f"bar alert-before-promotion-seconds {line}"


@pytest.mark.parametrize(
    ("promotion", "words"),
    [
        pytest.param(FIRST, "TrimtabModelQualityDropped (rule worse) fired 70 s before", id="one"),
        pytest.param(
            SECOND, "no alert of rule worse fired between verdict and promotion", id="none"
        ),
        pytest.param(Promotion("r-3", "", 0.0, 600.0), "no verdict led to it", id="not owed"),
    ],
)
def test_the_story_names_the_alert(promotion: Promotion, words: str) -> None:
    assert complaint(promotion, [WORSE, DRIFTED]) == words


def test_alerts_that_a_rule_holds_count() -> None:
    asking = {name for name, rule in alerts().items() if "trimtab_rule_holding" in rule["expr"]}
    fault = replace(WORSE, alert="TrimtabDataFault")
    others = [replace(WORSE, labels=ABOUT | {name: "trams"}) for name in ("model", "monitor")]

    assert asking == RULE_ALERTS
    assert of_rules([WORSE, fault, *others, DRIFTED], "bikes") == [WORSE, DRIFTED]
