"""Parts of a window."""

import numpy as np
import pytest

from support.windows import START, START_NS, Rows, buckets_of, reference_of, rows_of
from trimtab_stages.drift.parts import MOST_PARTS, runs_of, span_words, window_parts

HOUR = 3600
NAMES = ["x", "y"]
RANDOM = np.random.default_rng(4)
ROWS = rows_of(RANDOM.normal([5, -5], [1, 2], (600, 2)), NAMES)
"""Ten hours, a row every minute."""
PROFILE = reference_of(ROWS)


def test_parts_say_what_their_rows_say() -> None:
    parts = window_parts(NAMES, buckets_of(ROWS, PROFILE, HOUR))
    values = ROWS.numeric.reshape(10, 60, 2).astype(np.float64)
    mean = np.array([one.mean for one in PROFILE.numeric])

    assert len(parts) == 10
    assert parts.rows.tolist() == [[60, 60]] * 10
    assert parts.shift + mean == pytest.approx(values.mean(axis=1), abs=1e-6)
    assert parts.low == pytest.approx(values.min(axis=1), abs=1e-6)
    assert parts.high == pytest.approx(values.max(axis=1), abs=1e-6)
    assert parts.first_ns.tolist() == ROWS.event_ns[::60].tolist()
    assert parts.last_ns.tolist() == ROWS.event_ns[59::60].tolist()


def test_panes_of_several_pods_are_one_part() -> None:
    pods = [ROWS.take(np.arange(pod, 600, 3)) for pod in range(3)]
    panes = [pane for rows in pods for pane in buckets_of(rows, PROFILE, HOUR)]
    one, many = (
        window_parts(NAMES, found) for found in (buckets_of(ROWS, PROFILE, HOUR), panes[::-1])
    )

    assert many.rows.tolist() == one.rows.tolist()
    assert many.shift == pytest.approx(one.shift, abs=1e-12)
    assert many.first_ns.tolist() == one.first_ns.tolist()


def test_many_buckets_become_few_parts() -> None:
    parts = window_parts(NAMES, buckets_of(ROWS, PROFILE, 60))

    assert len(parts) == MOST_PARTS
    assert parts.rows[:, 0].sum() == 600
    assert (parts.first_ns[1:] > parts.last_ns[:-1]).all()


def _without(rows: Rows) -> Rows:
    rows.numeric[:60, 0] = np.nan
    return rows


def test_a_part_without_values_has_no_mean() -> None:
    rows = _without(ROWS.take(np.arange(600)))
    parts = window_parts(["x", "z"], buckets_of(rows, PROFILE, HOUR))

    assert parts.rows[:2].tolist() == [[0, 0], [60, 0]]
    assert np.isnan(parts.shift[0, 0])
    assert np.isfinite(parts.shift[1, 0])


def test_no_panes_are_no_parts() -> None:
    assert len(window_parts(NAMES, [])) == 0


@pytest.mark.parametrize(
    ("chosen", "runs"),
    [("", []), ("...", []), ("##.", [(0, 2)]), (".#.##", [(1, 2), (3, 5)]), ("###", [(0, 3)])],
)
def test_runs_of_chosen_parts(chosen: str, runs: list[tuple[int, int]]) -> None:
    assert list(runs_of(np.array([mark == "#" for mark in chosen], np.bool_))) == runs


def test_a_span_in_words() -> None:
    assert START.isoformat() == "2026-11-02T00:00:00+00:00"
    words = "from 2026-11-02T00:00:00Z to 2026-11-02T00:01:00Z"
    assert span_words(START_NS, START_NS + 60 * 10**9) == words
