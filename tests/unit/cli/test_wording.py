"""Short words for numbers and times."""

from datetime import UTC, datetime, timedelta

import pytest

from trimtab_operator.cli.diagram.wording import ago, count, percent, short_digest, span

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.25, "250 ms"),
        (1.5, "1.5 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "90 s"),
        (600, "10 min"),
        (3600, "1 h"),
        (5400, "90 min"),
        (86_400, "1 d"),
        (100_000, "28 h"),
        (1_000_000, "12 d"),
    ],
)
def test_spans_use_the_largest_sensible_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (NOW - timedelta(hours=3), "3 h ago"),
        (NOW + timedelta(minutes=5), "in 5 min"),
        (None, "-"),
    ],
    ids=["past", "future", "never"],
)
def test_ages(then: datetime | None, words: str) -> None:
    assert ago(then, NOW) == words


def test_numbers() -> None:
    assert count(1203344) == "1\u202f203\u202f344"
    assert percent(1, 3) == "33 %"
    assert percent(0, 0) == "0 %"
    assert short_digest(f"sha256:{'ab' * 32}") == "abababababab"
