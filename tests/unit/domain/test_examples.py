"""Every example manifest is consistent, and says what the objects beside it need."""

from pathlib import Path

import pytest
import yaml

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import BY_KIND
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.dataset_rules import dataset_faults
from trimtab_operator.domain.monitor_rules import monitor_faults
from trimtab_operator.domain.recipe_rules import recipe_faults
from trimtab_operator.domain.validation import model_faults

EXAMPLES = Path(__file__).parents[3] / "charts" / "trimtab" / "examples"
FOLDERS = sorted(path for path in EXAMPLES.iterdir() if path.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_an_example_has_no_contradictions(folder: Path) -> None:
    bodies = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(folder.glob("*.yaml"))]
    objects = [BY_KIND[body["kind"]].parse(body) for body in bodies]
    datasets = {item.metadata.name: item for item in objects if isinstance(item, Dataset)}
    models = {item.metadata.name: item for item in objects if isinstance(item, Model)}

    assert objects
    for item in objects:
        match item:
            case Dataset():
                assert dataset_faults(item.spec) == []
            case Pipeline():
                assert recipe_faults(item.spec, datasets[item.spec.dataset_ref.name].spec) == []
            case Model():
                assert model_faults(item) == []
            case DriftMonitor():
                watched = models[item.spec.model_ref.name]
                assert monitor_faults(item.spec, watched, datasets[item.metadata.name]) == []
            case PipelineRun():
                pass  # to parse it is all that is checked
