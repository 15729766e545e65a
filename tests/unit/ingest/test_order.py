from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.ingesting import make_frame, make_rules
from trimtab_stages.ingest.frame import Frame
from trimtab_stages.ingest.order import sort_rows

ENTITY = make_rules(
    columns=[{"name": "x"}, {"name": "site", "type": "Category", "role": "Id"}],
    duplicates={"key": ["site", "ts"]},
)


def contents(frame: Frame) -> list[tuple[Any, ...]]:
    site = frame.categories["site"]
    names = [site.names[code] for code in site.codes]
    return list(zip(names, frame.time_ns.tolist(), frame.numbers["x"].tolist(), strict=True))


def test_rows_are_sorted_by_series_and_time() -> None:
    frame = make_frame([3, 1, 2, 1], x=[1, 2, 3, 4], site=["a", "b", "a", "a"])
    ordered = sort_rows(frame, ENTITY)
    assert ordered.source.tolist() == [3, 2, 0, 1]
    assert ordered.series.tolist() == [0, 0, 0, 1]


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-2, 2), st.sampled_from("ab")), min_size=1, max_size=9
)


@given(rows=ROWS, seed=st.integers(0, 99))
def test_the_order_does_not_depend_on_the_sources(
    rows: list[tuple[int, int, str]], seed: int
) -> None:
    times, values, sites = zip(*rows, strict=True)
    frame = make_frame(times, x=values, site=sites)
    shuffled = frame.take(np.random.default_rng(seed).permutation(len(rows)))
    relabelled = make_frame(
        (shuffled.time_ns // 10**9).tolist(),
        x=shuffled.numbers["x"].tolist(),
        site=[shuffled.categories["site"].names[c] for c in shuffled.categories["site"].codes],
    )
    assert contents(sort_rows(frame, ENTITY)) == contents(sort_rows(relabelled, ENTITY))
