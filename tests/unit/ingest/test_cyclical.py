import math
from datetime import UTC, datetime

import numpy as np
import pytest

from trimtab_stages.contract.ingest import Cyclical, CyclicPart
from trimtab_stages.ingest.cyclical import cyclical_features, cyclical_names, sine_cosine


def nanos(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("part", "zone", "stamp", "turns"),
    [
        pytest.param(CyclicPart.HOUR_OF_DAY, "UTC", "2020-05-01T00:00", 0.0, id="midnight"),
        pytest.param(
            CyclicPart.HOUR_OF_DAY, "UTC", "2020-05-01T06:30", 6.5 / 24, id="minutes-count"
        ),
        pytest.param(
            CyclicPart.HOUR_OF_DAY, "Europe/Berlin", "2020-07-01T10:00", 0.5, id="summer-time"
        ),
        pytest.param(CyclicPart.HOUR_OF_DAY, "UTC", "1969-12-31T18:00", 0.75, id="before-1970"),
        pytest.param(CyclicPart.DAY_OF_WEEK, "UTC", "2024-01-01T23:59", 0.0, id="monday"),
        pytest.param(CyclicPart.DAY_OF_WEEK, "UTC", "2024-01-07T00:00", 6 / 7, id="sunday"),
        pytest.param(
            CyclicPart.DAY_OF_WEEK, "Asia/Tokyo", "2024-01-07T16:00", 0.0, id="monday-in-tokyo"
        ),
        pytest.param(CyclicPart.DAY_OF_YEAR, "UTC", "2024-01-01T12:00", 0.0, id="new-year"),
        pytest.param(
            CyclicPart.DAY_OF_YEAR, "UTC", "2024-12-31T12:00", 365 / 365.2425, id="leap-years-end"
        ),
    ],
)
def test_calendar(part: CyclicPart, zone: str, stamp: str, turns: float) -> None:
    rule = Cyclical(parts=[part], timezone=zone)
    sine, cosine = cyclical_features(np.array([nanos(stamp)]), rule).values()
    assert sine[0] == pytest.approx(math.sin(2 * math.pi * turns), abs=1e-12)
    assert cosine[0] == pytest.approx(math.cos(2 * math.pi * turns), abs=1e-12)


def test_names_match_the_features_in_order() -> None:
    rule = Cyclical(parts=list(CyclicPart))
    assert list(cyclical_features(np.array([0]), rule)) == cyclical_names(rule)
    assert cyclical_names(rule)[0] == "hour_of_day_sin"


def test_sines_are_exact_enough() -> None:
    turns = np.linspace(-2, 3, 4001)
    sine, cosine = sine_cosine(turns)
    np.testing.assert_allclose(sine, np.sin(2 * np.pi * turns), rtol=0, atol=1e-12)
    np.testing.assert_allclose(cosine, np.cos(2 * np.pi * turns), rtol=0, atol=1e-12)


def test_sines_have_the_same_bits_everywhere() -> None:
    sine, cosine = sine_cosine(np.arange(24) / 24)
    assert [value.hex() for value in sine[[0, 1, 5, 13]].tolist()] == [
        "0x0.0p+0",
        "0x1.0907dc1930690p-2",
        "0x1.ee8dd4748bf15p-1",
        "-0x1.0907dc193068cp-2",
    ]
    assert cosine[0].tolist() == 1.0
