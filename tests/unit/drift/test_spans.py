"""Where in a window the share of some rows is greatest."""

import numpy as np
import pytest

from trimtab_stages.drift.spans import SPANS, greatest_share

TIMES = np.arange(1600, dtype=np.int64) * 10**9


def test_the_span_with_most_rows_is_told() -> None:
    chosen = np.zeros(1600, np.bool_)
    chosen[[5, *range(320, 370)]] = True
    found = greatest_share(TIMES, chosen)

    assert found.share == pytest.approx(0.5)
    assert (found.first_ns, found.last_ns) == (320 * 10**9, 369 * 10**9)


def test_what_is_expected_by_chance_is_taken_off() -> None:
    chosen = np.arange(1600) % 2 == 0
    found = greatest_share(TIMES, chosen, np.full(1600, 0.4))

    assert found.share == pytest.approx(0.1)


def test_small_spans_say_where_and_no_share() -> None:
    times = TIMES[: 29 * SPANS]
    found = greatest_share(times, np.arange(len(times)) >= 400)

    assert (found.share, found.first_ns, found.last_ns) == (0.0, 400 * 10**9, int(times[-1]))


def test_nothing_chosen_is_nowhere() -> None:
    assert greatest_share(TIMES, np.zeros(1600, np.bool_)).share == 0.0
