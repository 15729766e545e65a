"""A pending retrain says who has its next step, and what keeps its run from starting."""

from typing import Any

import pytest

from support.decided import CAPTURE
from support.decisions import end_of, monitor, monitored_world, pending, scene
from support.worlds import condition, dataset, ingested, pipeline
from trimtab_operator.domain.next_step import next_step

WAITING = {"pending": pending()}
STUCK = {"conditions": [condition("Reconciling", reason="Unschedulable")]}
AT_WORK = {"conditions": [condition("Reconciling", reason="Ingesting")]}
OF_ANOTHER = CAPTURE | {"capture": CAPTURE["capture"] | {"model": "x"}}
REFRESHING = dataset(ingested().status.to_wire() | STUCK)
CASES = [
    pytest.param({}, {}, "Now Pipeline `bikes` starts the run.", id="all is well"),
    pytest.param(
        {},
        {"dataset": dataset(AT_WORK, source=CAPTURE)},
        "Now Dataset `bikes` or Pipeline `bikes` has the next step.",
        id="the ingest is at work",
    ),
    pytest.param(
        {},
        {"dataset": dataset(STUCK, source=CAPTURE)},
        "It waits: Dataset `bikes` says Unschedulable: Unschedulable. `kubectl describe dataset "
        "bikes` has the rest.",
        id="the ingest does not get on",
    ),
    pytest.param(
        {},
        {"dataset": dataset({"conditions": [condition("Paused")]}, source=CAPTURE)},
        "It waits: Dataset `bikes` says Because: Because. `kubectl describe dataset bikes` has the "
        "rest.",
        id="the Dataset is suspended",
    ),
    pytest.param(
        {},
        {"dataset": dataset(AT_WORK, source=OF_ANOTHER)},
        "It waits: Dataset `bikes` takes in rows of Model `x`; name `bikes` in its "
        "`spec.source.capture.model`.",
        id="it takes in the rows of another Model",
    ),
    pytest.param(
        {},
        {"dataset": None},
        "It waits: Dataset `bikes` does not exist or is invalid; create it, or correct it.",
        id="the Dataset is gone",
    ),
    pytest.param(
        {},
        {"dataset": REFRESHING},
        "Now Pipeline `bikes` starts the run.",
        id="a Dataset whose snapshot is all that it needs",
    ),
    pytest.param(
        {},
        {"pipeline": pipeline({"conditions": [condition("Stalled", reason="ChampionUnreadable")]})},
        "It waits: Pipeline `bikes` says ChampionUnreadable: ChampionUnreadable. `kubectl describe "
        "pipeline bikes` has the rest.",
        id="the Pipeline is stalled",
    ),
    pytest.param(
        {},
        {"pipeline": pipeline(triggers=[{"type": "NewSnapshot"}])},
        "It waits: Pipeline `bikes` starts no run for it; add `- type: Verdict` to its "
        "`spec.triggers`.",
        id="the trigger was taken away",
    ),
    pytest.param(
        {"suspend": True},
        {},
        "It waits: DriftMonitor `bikes` is suspended; set its `spec.suspend` to false.",
        id="it is suspended itself",
    ),
]


@pytest.mark.parametrize(("spec", "world", "words"), CASES)
def test_it_waits_for(spec: dict[str, Any], world: dict[str, Any], words: str) -> None:
    found = next_step(scene(monitor(status=WAITING, **spec), monitored_world(**world)), end_of(1))

    assert found.message == words
    assert found.reason == ("RetrainWaits" if words.startswith("It waits") else "RetrainDecided")
