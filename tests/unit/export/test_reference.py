import json
from pathlib import Path

import numpy as np
import pytest

from support.training import make_place, make_rows, write_snapshot
from trimtab_stages.contract.base import digest_of
from trimtab_stages.export.metadata import Origin, build_metadata
from trimtab_stages.export.reference import build_reference, constant_seconds, score_counts


def test_profile_counts_every_row_in_every_feature(tmp_path: Path) -> None:
    manifest = write_snapshot(make_place(tmp_path).store, rows=40)
    rows = make_rows(1000)
    profile = build_reference(manifest, rows, np.linspace(0, 1, 1000, dtype=np.float32))
    temperature, load, constant = profile.numeric
    for feature in profile.numeric:
        assert sum(feature.counts) == 1000
        assert len(feature.counts) == len(feature.edges) + 1
        assert feature.edges == sorted(set(feature.edges))
    assert len(temperature.counts) == len(load.counts) == 20
    assert max(temperature.counts) - min(temperature.counts) <= 2
    assert (constant.edges, constant.counts) == ([3.0], [0, 1000])
    assert temperature.min == pytest.approx(rows.numeric[:, 0].min())
    assert temperature.max == pytest.approx(rows.numeric[:, 0].max())
    assert constant.constant_seconds == 999 * 3600
    assert temperature.constant_seconds == 0
    assert temperature.mean == pytest.approx(float(rows.numeric[:, 0].mean()), rel=1e-6)
    assert profile.categorical[0].counts == {
        word: int((rows.categorical[:, 0] == word).sum()) for word in ("day", "night")
    }
    assert sum(profile.score_counts) == 1000


def test_a_feature_of_few_values_has_a_cell_for_each(tmp_path: Path) -> None:
    manifest = write_snapshot(make_place(tmp_path).store, rows=40)
    rows = make_rows(1000)
    rows.numeric[:, 0] = np.arange(1000) % 50 == 0
    flag = build_reference(manifest, rows, np.zeros(1000, dtype=np.float32)).numeric[0]

    assert (flag.edges, flag.counts) == ([1.0], [980, 20])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([1, 2, 3], 0, id="never the same twice"),
        pytest.param([1, 1, 2, 2, 2, 3], 20, id="three rows of one value"),
        pytest.param([5, 5, 5], 20, id="one value"),
        pytest.param([1], 0, id="one row"),
    ],
)
def test_the_longest_time_of_one_value(values: list[float], expected: float) -> None:
    time_ns = np.arange(len(values), dtype=np.int64) * 10_000_000_000

    assert constant_seconds(np.array(values, dtype=np.float32), time_ns) == expected


def test_scores_fall_into_fifty_equal_cells() -> None:
    counts = score_counts(np.array([0.0, 0.019, 0.02, 0.999, 1.0], dtype=np.float32))
    assert (len(counts), counts[0], counts[1], counts[49]) == (50, 2, 1, 2)


def test_several_classes_count_their_largest_score() -> None:
    counts = score_counts(np.array([[0.1, 0.9], [0.99, 0.01]], dtype=np.float32))
    assert (counts[45], counts[49]) == (1, 1)


def test_metadata_follow_from_snapshot_and_training_alone(tmp_path: Path) -> None:
    manifest = write_snapshot(make_place(tmp_path).store, rows=40)
    origin = Origin(training_key=digest_of("training"), trained_until_ns=17)
    metadata = build_metadata(manifest, origin)
    assert metadata == build_metadata(manifest, origin)
    assert all(key.startswith("trimtab.dev/") for key in metadata)
    assert [feature["name"] for feature in json.loads(metadata["trimtab.dev/features"])] == [
        "temperature",
        "load",
        "constant",
        "kind",
    ]
    assert metadata["trimtab.dev/snapshot"] == manifest.digest
    assert metadata["trimtab.dev/training-key"] == origin.training_key
