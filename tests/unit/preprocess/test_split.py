from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from support.training import (
    CATEGORICAL,
    NUMERIC,
    make_place,
    make_recipe,
    make_rows,
    make_spec,
    write_snapshot,
)
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.preprocess.split import read_splits, rows_of


def test_splits_come_back_as_they_were_written(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    spec = make_spec(place.store, write_snapshot(place.store, rows=40), make_recipe())
    splits = read_splits(place.store, spec, place.work)
    expected = make_rows(20, seed=1, first_hour=40)
    assert np.array_equal(splits.validation.numeric, expected.numeric)
    assert splits.validation.categorical.tolist() == expected.categorical.tolist()
    assert np.array_equal(splits.validation.target, expected.target)
    assert np.array_equal(splits.validation.time_ns, expected.time_ns)
    assert len(splits.all()) == 80
    assert (np.diff(splits.all().time_ns) > 0).all()


def test_a_manifest_of_another_snapshot_is_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    spec = make_spec(place.store, write_snapshot(place.store, rows=40), make_recipe())
    other = spec.model_copy(update={"snapshot": digest_of("other")})
    with pytest.raises(StageError) as caught:
        read_splits(place.store, other, place.work)
    assert caught.value.reason is StageReason.DIGEST_MISMATCH


def test_changed_bytes_are_refused(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    manifest = write_snapshot(place.store, rows=40)
    spec = make_spec(place.store, manifest, make_recipe())
    key = manifest.split("train").file.key
    place.store.delete(key)
    place.store.put_if_absent(key, b"something else")
    with pytest.raises(StageError, match="was changed"):
        read_splits(place.store, spec, place.work)


def test_a_missing_number_is_refused_by_name(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    manifest = write_snapshot(place.store, rows=40)
    columns = {name: [1.0, 2.0] for name in NUMERIC} | {"load": [1.0, None]}
    words = {name: ["day", "day"] for name in CATEGORICAL}
    table = pa.table(
        columns | words | {"busy": [0, 1], "time": pa.array([0, 1], pa.timestamp("ns", "UTC"))}
    )
    with pytest.raises(StageError, match="`load` has no finite float32 value in 1 of 2 rows"):
        rows_of(table, manifest, "train")
