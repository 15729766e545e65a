"""The graph that tests let fail: right on ordinary rows, and refused by nobody who loads it."""

from pathlib import Path

import numpy as np
import pytest

from support.graphs import brittle_scores
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.model.warmup import warm
from trimtab_stages.serve.statistics import FAILURES


@pytest.fixture
def model(tmp_path: Path) -> OnnxModel:
    path = tmp_path / "brittle.onnx"
    path.write_bytes(brittle_scores(20))
    return OnnxModel(path, threads=1)


def test_it_decides_by_the_first_feature(model: OnnxModel) -> None:
    rows = np.array([[0.5, -0.5], [0.0, 0.0], [-0.5, -1.0]], np.float32)

    score = model.run({"features": rows})["score"]

    assert score.tolist() == pytest.approx([1.0, 0.5, 0.0], abs=1e-4)


def test_it_fails_a_row_whose_second_feature_is_positive(model: OnnxModel) -> None:
    with pytest.raises(RequestError) as refused:
        model.run({"features": np.array([[0.5, 1.0]], np.float32)})

    assert refused.value.code in FAILURES


def test_it_passes_its_golden_request(model: OnnxModel) -> None:
    golden = GoldenRequest(numeric=[[0.0, -1.0]], scores=[[0.5]])

    assert warm(model, golden, lambda: 0.0).mergeable is False
