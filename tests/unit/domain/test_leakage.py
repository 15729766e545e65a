"""Features that see what the target is made of, found in the rules."""

from typing import Any

import pytest

from support.worlds import dataset
from trimtab_operator.domain.leakage import leaking_features

COUNT = {"name": "count"}
HIDDEN = {"name": "count", "role": "Source"}
LATE = {"name": "count", "role": "Source", "availability": "After"}
OTHER = {"name": "temperature"}
NOW_ABOVE = {"name": "busy", "column": "count", "kind": "Above", "threshold": "100"}
SOON_BELOW = {
    "name": "low",
    "column": "count",
    "kind": "MinWithinBelow",
    "threshold": "70",
    "horizonSteps": 6,
}


def leaks(columns: list[object], target: object, **more: Any) -> list[str]:
    spec = dataset(columns=columns, target=target, **more).spec
    return [fault.field for fault in leaking_features(spec)]


@pytest.mark.parametrize(
    ("columns", "target", "more", "expected"),
    [
        pytest.param([COUNT], NOW_ABOVE, {}, ["spec.columns[count].role"], id="the target itself"),
        pytest.param([HIDDEN, OTHER], NOW_ABOVE, {}, [], id="the target's column is hidden"),
        pytest.param(
            [HIDDEN],
            NOW_ABOVE,
            {"lags": [{"column": "count", "steps": [0, 1]}]},
            ["spec.lags[0].steps"],
            id="a lag of no step",
        ),
        pytest.param(
            [HIDDEN],
            NOW_ABOVE,
            {"slopes": [{"column": "count", "steps": [2]}]},
            ["spec.slopes[0].steps"],
            id="a slope ends at the row itself",
        ),
        pytest.param([COUNT], SOON_BELOW, {}, [], id="now may be seen where the target is later"),
        pytest.param(
            [LATE],
            SOON_BELOW,
            {"lags": [{"column": "count", "steps": [0, 1]}]},
            ["spec.lags[0].steps"],
            id="a value that is known only later",
        ),
        pytest.param(
            [LATE | {"delaySeconds": 601}],
            SOON_BELOW,
            {
                "time": {"column": "t", "grid": {"intervalSeconds": 300}},
                "lags": [{"column": "count", "steps": [2, 3]}],
            },
            ["spec.lags[0].steps"],
            id="a delay in grid steps, rounded up",
        ),
    ],
)
def test_leaks(
    columns: list[object], target: object, more: dict[str, object], expected: list[str]
) -> None:
    assert leaks(columns, target, **more) == expected


def test_the_message_says_what_to_do() -> None:
    (fault,) = leaking_features(dataset(columns=[COUNT]).spec)

    assert fault.reason == "LeakingTarget"
    assert fault.message == (
        "feature `count` sees the value of `count` that target `busy` is made of; give the column "
        "role Source and use lags of at least 1 step, or give the target a horizon"
    )
