"""The files that trials of challengers are trained on differ in their labels alone."""

import csv
import io
import time

import numpy as np
import pytest

from support.trial_pipeline import (
    CORRUPT,
    CORRUPTED,
    FIRST,
    INVERTED,
    dataset,
    live_rows,
    model,
    pipeline,
    raw_files,
    strained,
)
from trimtab_operator.api.dataset import DatasetSpec
from trimtab_operator.api.model import ModelSpec
from trimtab_operator.api.pipeline import PipelineSpec

Table = list[dict[str, str]]


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    files = raw_files()
    return {key: list(csv.DictReader(io.StringIO(data.decode()))) for key, data in files.items()}


def labels(table: Table) -> list[int]:
    return [int(row["demand"]) for row in table]


def test_all_hold_the_same_rows(tables: dict[str, Table]) -> None:
    unlabelled = [
        [row | {"demand": ""} for row in tables[key]] for key in (FIRST, INVERTED, CORRUPTED)
    ]

    assert unlabelled[0] == unlabelled[1] == unlabelled[2]


def test_one_is_inverted_and_one_is_wrong_in_a_share(tables: dict[str, Table]) -> None:
    right = labels(tables[FIRST])
    wrong = np.not_equal(right, labels(tables[CORRUPTED])).mean()

    assert labels(tables[INVERTED]) == [1 - label for label in right]
    assert wrong == pytest.approx(CORRUPT, abs=0.05)


def test_live_rows_follow_the_first_file(tables: dict[str, Table]) -> None:
    live = live_rows()
    agree = (live.truth == (live.inputs[:, 0] > 0)).mean()

    assert np.datetime64(tables[FIRST][-1]["ts"], "ns").astype(np.int64) < live.time_ns[0]
    assert agree > 0.9
    assert (live.inputs[:, 1] < 0).all()


def test_live_rows_lie_in_the_past() -> None:
    assert live_rows().time_ns[-1] < time.time_ns()


def test_strained_rows_differ_where_no_file_has_been() -> None:
    live = live_rows()
    found = strained(live)

    assert (found.inputs[:, 1] > 0).all()
    assert np.array_equal(found.inputs[:, 0], live.inputs[:, 0])
    assert found.name != live.name


def test_the_manifests_are_valid() -> None:
    assert DatasetSpec.model_validate(dataset(FIRST)["spec"]).source.uri == FIRST
    assert PipelineSpec.model_validate(pipeline()["spec"]).gates
    assert ModelSpec.model_validate(model()["spec"]).rollout is not None
