from typing import Any

import pytest

from trimtab_operator.reconcile.owners import Relations, owner_of
from trimtab_operator.reconcile.schedule import Key

DATASET = Key("Dataset", "ns", "d")
PIPELINE = Key("Pipeline", "ns", "p")
OTHER_PIPELINE = Key("Pipeline", "ns", "q")
RUN = Key("PipelineRun", "ns", "r")
MODEL = Key("Model", "ns", "m")
MONITOR = Key("DriftMonitor", "ns", "w")
OTHER_MONITOR = Key("DriftMonitor", "ns", "x")
TAKING_IN = Key("Dataset", "ns", "t")

SPECS: dict[Key, dict[str, Any]] = {
    DATASET: {},
    PIPELINE: {"datasetRef": {"name": "d"}},
    OTHER_PIPELINE: {"datasetRef": {"name": "other"}},
    RUN: {"pipeline": "p"},
    MODEL: {"pipelineRef": {"name": "p"}},
    MONITOR: {"modelRef": {"name": "m"}},
    OTHER_MONITOR: {"modelRef": {"name": "n"}},
    TAKING_IN: {"source": {"uri": "raw/x.csv", "capture": {"model": "n"}}},
}


def relations() -> Relations:
    known = Relations()
    for key, spec in SPECS.items():
        known.update(key, {"spec": spec}, deleted=False)
    return known


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        pytest.param(
            DATASET, [PIPELINE, MONITOR], id="a Dataset's Pipelines, their Models' DriftMonitors"
        ),
        pytest.param(
            PIPELINE, [MODEL, RUN, MONITOR], id="a Pipeline's Models and runs, their DriftMonitors"
        ),
        pytest.param(
            RUN, [PIPELINE, MODEL, MONITOR], id="a run's Pipeline, its Models, their DriftMonitors"
        ),
        pytest.param(MODEL, [MONITOR, PIPELINE], id="a Model's DriftMonitors and its Pipeline"),
        pytest.param(MONITOR, [PIPELINE, DATASET], id="who acts on a DriftMonitor's decision"),
        pytest.param(
            OTHER_MONITOR, [TAKING_IN], id="a Dataset that takes in the Model's captured rows"
        ),
        pytest.param(OTHER_PIPELINE, [], id="nobody of a Pipeline that nobody names"),
    ],
)
def test_a_change_affects(changed: Key, affected: list[Key]) -> None:
    assert list(relations().affected_by(changed)) == affected


def test_a_reference_that_moves_is_followed() -> None:
    known = relations()
    known.update(PIPELINE, {"spec": {"datasetRef": {"name": "new"}}}, deleted=False)
    assert list(known.affected_by(DATASET)) == []
    assert list(known.affected_by(Key("Dataset", "ns", "new"))) == [PIPELINE, MONITOR]


def test_a_dataset_that_takes_no_rows_in_any_more_is_left_alone() -> None:
    known = relations()
    known.update(TAKING_IN, {"spec": {"source": {"uri": "raw/x.csv"}}}, deleted=False)
    assert list(known.affected_by(OTHER_MONITOR)) == []


def test_a_deleted_object_is_forgotten() -> None:
    known = relations()
    known.update(MODEL, {"spec": SPECS[MODEL]}, deleted=True)
    assert list(known.affected_by(PIPELINE)) == [RUN]


@pytest.mark.parametrize(
    ("labels", "owner"),
    [
        pytest.param({"trimtab.dev/dataset": "d"}, DATASET, id="an ingest Job"),
        pytest.param({"trimtab.dev/pipeline": "p", "trimtab.dev/run": "r"}, RUN, id="a run's Job"),
        pytest.param({"trimtab.dev/model": "m"}, MODEL, id="a server pod"),
        pytest.param({"app": "other"}, None, id="somebody else's pod"),
    ],
)
def test_a_child_belongs_to(labels: dict[str, str], owner: Key | None) -> None:
    assert owner_of({"metadata": {"namespace": "ns", "labels": labels}}) == owner


def test_a_child_without_labels_belongs_to_nobody() -> None:
    assert owner_of({"metadata": {"namespace": "ns"}}) is None
