"""Every example is a manifest that the kinds accept, and its references hold."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.chart import CHART
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.kinds import API_VERSION, BY_KIND
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_stages.contract.features import Availability, ColumnRole
from trimtab_stages.contract.ingest import TargetKind

EXAMPLES = CHART / "examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))


def _read(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(EXAMPLES)) for path in FILES])
def test_the_kinds_accept_an_example(path: Path) -> None:
    for body in _read(path):
        assert body["apiVersion"] == API_VERSION
        assert BY_KIND[body["kind"]].parse(body).metadata.name == body["metadata"]["name"]


@pytest.mark.parametrize(
    "path", sorted((EXAMPLES / "minimal").glob("*.yaml")), ids=lambda p: p.stem
)
def test_ten_lines_are_enough(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 10


@pytest.mark.parametrize("folder", ["minimal", "bikes", "cgm"])
def test_references_lead_somewhere(folder: str) -> None:
    dataset, pipeline, model = _set(folder)
    assert pipeline.spec.dataset_ref.name == dataset.metadata.name
    assert model.spec.pipeline_ref is not None
    assert model.spec.pipeline_ref.name == pipeline.metadata.name


def _set(folder: str) -> tuple[Dataset, Pipeline, Model]:
    found = {
        body["kind"]: BY_KIND[body["kind"]].parse(body)
        for path in (EXAMPLES / folder).glob("*.yaml")
        for body in _read(path)
    }
    dataset, pipeline, model = found["Dataset"], found["Pipeline"], found["Model"]
    assert isinstance(dataset, Dataset)
    assert isinstance(pipeline, Pipeline)
    assert isinstance(model, Model)
    return dataset, pipeline, model


def test_bikes_never_see_the_count_that_they_predict() -> None:
    dataset, _, _ = _set("bikes")
    count = next(column for column in dataset.spec.columns if column.name == "count")
    assert (count.role, count.availability) == (ColumnRole.SOURCE, Availability.AFTER)
    assert dataset.spec.time.end is not None
    assert dataset.spec.time.end.isoformat() == "2012-07-20T00:00:00+00:00"


def test_a_low_is_predicted_before_it_comes() -> None:
    target = _set("cgm")[0].spec.target
    assert (target.kind, target.horizon_steps) == (TargetKind.MIN_WITHIN_BELOW, 6)
    assert target.when is not None
    assert target.when.min == target.threshold
