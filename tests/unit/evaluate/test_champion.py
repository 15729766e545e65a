from pathlib import Path

import numpy as np
import pytest

from support.training import (
    fit_preprocessor,
    make_place,
    make_rows,
    write_snapshot,
)
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.evaluate.champion import NotComparableError, score_champion
from trimtab_stages.export.graph import GraphInputs, build_graph
from trimtab_stages.export.metadata import Origin, build_metadata
from trimtab_stages.train.network import Dense

TEST = make_rows(400)


@pytest.fixture
def manifest(tmp_path: Path) -> SnapshotManifest:
    return write_snapshot(make_place(tmp_path).store, rows=40)


def make_champion(metadata: dict[str, str], outputs: int = 1) -> bytes:
    """Return a graph whose score follows from `temperature` alone."""
    preprocessor = fit_preprocessor(TEST, [])
    weight = np.zeros((outputs, preprocessor.width), dtype=np.float32)
    weight[0, 0] = 0.1
    layers = [Dense(weight, np.zeros(outputs, dtype=np.float32))]
    return build_graph(preprocessor, layers, GraphInputs(3, 1), metadata)


def trained_until(manifest: SnapshotManifest, row: int) -> dict[str, str]:
    return build_metadata(manifest, Origin(manifest.digest, int(TEST.time_ns[row])))


@pytest.mark.parametrize(
    ("row", "rows", "words", "favoured"),
    [
        pytest.param(149, range(150, 400), "newer than the champion's", False, id="overlap"),
        pytest.param(299, range(300, 400), "newer than the champion's", False, id="just-enough"),
        pytest.param(300, range(400), "favours it", True, id="too-few-unseen"),
    ],
)
def test_rows_that_the_champion_has_learnt_from_are_left_out(
    manifest: SnapshotManifest,
    row: int,
    rows: range,
    words: str,
    favoured: bool,  # noqa: FBT001 - a table's column
) -> None:
    met = score_champion(make_champion(trained_until(manifest, row)), manifest, TEST, ())
    assert met.rows.tolist() == list(rows)
    assert len(met.scores) == len(rows)
    assert words in met.note
    assert met.favoured is favoured


def test_columns_are_found_by_name(manifest: SnapshotManifest) -> None:
    champion = make_champion(trained_until(manifest, 0))
    straight = score_champion(champion, manifest, TEST, ())
    order = [1, 0, 2]
    swapped = manifest.model_copy(
        update={"features": [manifest.features[index] for index in [*order, 3]]}
    )
    moved = type(TEST)(TEST.numeric[:, order], TEST.categorical, TEST.target, TEST.time_ns)
    assert np.array_equal(score_champion(champion, swapped, moved, ()).scores, straight.scores)


def test_a_file_without_metadata_is_compared_where_the_widths_fit(
    manifest: SnapshotManifest,
) -> None:
    champion = make_champion({})
    assert len(score_champion(champion, manifest, TEST, ()).scores) == 400
    narrow = type(TEST)(TEST.numeric[:, :2], TEST.categorical, TEST.target, TEST.time_ns)
    with pytest.raises(NotComparableError, match="`features` has 3 columns"):
        score_champion(champion, manifest, narrow, ())


def test_a_missing_feature_is_named(manifest: SnapshotManifest) -> None:
    champion = make_champion(trained_until(manifest, 0))
    fewer = manifest.model_copy(update={"features": manifest.features[1:]})
    with pytest.raises(NotComparableError, match="`temperature`"):
        score_champion(champion, fewer, TEST, ())


def test_another_number_of_classes_is_not_compared(manifest: SnapshotManifest) -> None:
    champion = make_champion(trained_until(manifest, 0), outputs=3)
    with pytest.raises(NotComparableError, match="number of classes"):
        score_champion(champion, manifest, TEST, ())


def test_a_file_that_is_no_onnx_is_not_compared(manifest: SnapshotManifest) -> None:
    with pytest.raises(NotComparableError, match="cannot be loaded"):
        score_champion(b"not a graph", manifest, TEST, ())
