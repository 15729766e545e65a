"""Manifests of the chart's examples, as typed objects."""

from pathlib import Path

import yaml

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.kinds import DATASET, MODEL, PIPELINE
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline

EXAMPLES = Path(__file__).parents[2] / "charts" / "trimtab" / "examples"


def example_dataset(name: str) -> Dataset:
    """Return the Dataset of an example folder."""
    parsed = DATASET.parse(yaml.safe_load((EXAMPLES / name / "dataset.yaml").read_text()))
    assert isinstance(parsed, Dataset)
    return parsed


def example_pipeline(name: str) -> Pipeline:
    """Return the Pipeline of an example folder."""
    parsed = PIPELINE.parse(yaml.safe_load((EXAMPLES / name / "pipeline.yaml").read_text()))
    assert isinstance(parsed, Pipeline)
    return parsed


def example_model(name: str) -> Model:
    """Return the Model of an example folder."""
    parsed = MODEL.parse(yaml.safe_load((EXAMPLES / name / "model.yaml").read_text()))
    assert isinstance(parsed, Model)
    return parsed
