"""Captured rows as columns: what is read of them, and what is not even opened."""

from pathlib import Path

import numpy as np
import pytest

from support.capturing import (
    BUCKET,
    FILE_HOURS,
    HOUR,
    OTHER_VERSION,
    VERSION,
    Served,
    make_plan,
    time_of,
    traffic,
    write_traffic,
)
from trimtab_stages.contract import layout
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.ingest.captured import Span, read_captured, to_ns
from trimtab_stages.ingest.feedback import row_keys
from trimtab_stages.ingest.frame import CAPTURED
from trimtab_stages.store import LocalStore

FEATURES = [Feature(name="z"), Feature(name="c", kind=FeatureKind.CATEGORICAL)]
SPAN = Span(to_ns(time_of(210)), to_ns(time_of(220)))
PLAN = make_plan(220)


def seconds(hour: float) -> int:
    return to_ns(time_of(hour)) // 10**9


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(seconds(210), True, id="begins with the span"),
        pytest.param(seconds(220) - 1, True, id="begins within"),
        pytest.param(seconds(220), False, id="begins behind"),
        pytest.param(seconds(210) - 86_399, True, id="the longest bucket reaches in"),
        pytest.param(seconds(210) - 86_400, False, id="no bucket reaches in"),
    ],
)
def test_which_buckets_are_opened(start: int, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert SPAN.may_hold_bucket(start) is expected


def test_objects_of_other_times_are_not_opened(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    write_traffic(store, traffic(210, 220))
    for hour in (FILE_HOURS - 100, 220 + BUCKET / HOUR):
        key = layout.captured("bikes", VERSION, seconds(hour), "pod-broken")
        store.put_if_absent(key, b"not even JSON")
    other = layout.captured("bikes-2", VERSION, seconds(212), "pod-broken")
    store.put_if_absent(other, b"another Model's")
    assert len(read_captured(store, PLAN, FEATURES, SPAN)) == 10


def test_rows_of_several_versions_become_columns(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    rows = [
        Served("a", 212, z=1.5, c="wet"),
        Served("b", 211, z=-2.5, c="dry", version=OTHER_VERSION),
        Served("c", 209),
        Served("d", 213, shadow=True),
    ]
    write_traffic(store, rows)
    served = read_captured(store, PLAN, FEATURES, SPAN)
    order = np.argsort(served.rows.time_ns)
    found = served.take(order)
    assert found.rows.time_ns.tolist() == [to_ns(time_of(211)), to_ns(time_of(212))]
    assert found.rows.numbers["z"].tolist() == [-2.5, 1.5]
    assert found.rows.categories["c"].names == ("dry", "wet")
    assert found.rows.categories["c"].codes.tolist() == [0, 1]
    assert found.keys.tolist() == row_keys(["b#0", "a#0"]).tolist()
    assert found.received_ns.tolist() == [1, 0]
    assert set(found.rows.source.tolist()) == {CAPTURED}
    assert set(found.rows.numbers) == {"z"}, "other columns are left out"


def test_no_traffic_is_no_rows(tmp_path: Path) -> None:
    served = read_captured(LocalStore(tmp_path), PLAN, FEATURES, SPAN)
    assert len(served) == len(served.rows) == 0
    assert served.rows.categories["c"].names == ()
