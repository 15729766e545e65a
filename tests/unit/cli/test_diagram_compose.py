"""Objects to picture: which state, words and numbers each box shows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from support.cli_objects import (
    CHAMPION,
    SNAPSHOT,
    condition,
    dataset,
    decision,
    model,
    monitor,
    pipeline,
    run,
)
from support.contract_samples import COMMIT
from support.contract_samples import SNAPSHOT as MANIFEST
from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.picture import Box, Flow, Loop, Place, State
from trimtab_operator.cli.diagram.scene import Scene, parse_objects
from trimtab_operator.cli.diagram.selection import select
from trimtab_operator.cli.exits import Refusal

NOW = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
RUNNING = {"stage": "train", "done": 3, "of": 12, "message": "loss 0.5"}
GATES = [
    {"name": "parity", "kind": "Parity", "outcome": "Passed", "message": "equal"},
    {"name": "quality", "kind": "Metric", "outcome": "Failed", "message": "0.6, needs 0.8"},
]
READY = condition("Ready", "True", "Answering")


def loop(*bodies: dict[str, Any], **scene: Any) -> Loop:
    (only,) = compose(Scene(NOW, parse_objects(bodies), **scene), "t").loops
    return only


def box(place: Place, *bodies: dict[str, Any], **scene: Any) -> Box:
    return loop(*bodies, **scene).boxes[place]


def facts(found: Box) -> dict[str, str]:
    return {fact.label: fact.value for fact in found.facts}


@pytest.mark.parametrize(
    ("place", "changed", "state", "word"),
    [
        pytest.param(Place.SOURCE, dataset(), State.DECLARED, "Declared", id="source-declared"),
        pytest.param(
            Place.SOURCE, dataset(snapshot=SNAPSHOT), State.GOOD, "Read", id="source-read"
        ),
        pytest.param(
            Place.SOURCE,
            dataset(conditions=[condition("Stalled", "True", "SourceMissing", "no file")]),
            State.BAD, "SourceMissing", id="source-missing",
        ),
        pytest.param(
            Place.INGEST,
            dataset(conditions=[condition("Reconciling", "True", "Ingesting")]),
            State.ACTIVE, "Ingesting", id="ingesting",
        ),
        pytest.param(
            Place.INGEST,
            dataset(conditions=[condition("Ready", "Unknown", "Pending")]),
            State.WAITING, "Pending", id="ingest-unseen",
        ),
        pytest.param(Place.SNAPSHOT, dataset(), State.WAITING, "Waiting", id="no-snapshot"),
        pytest.param(
            Place.SNAPSHOT, dataset(snapshot=SNAPSHOT), State.GOOD, "Committed", id="snapshot"
        ),
        pytest.param(
            Place.SNAPSHOT,
            dataset(
                snapshot=SNAPSHOT, conditions=[condition("Fresh", "False", "SnapshotOutdated")]
            ),
            State.ATTENTION, "Stale", id="snapshot-stale",
        ),
        pytest.param(
            Place.TRIGGER, pipeline(suspend=True), State.PAUSED, "Suspended", id="suspended"
        ),
        pytest.param(Place.TRIGGER, run(), State.GOOD, "Fired", id="fired"),
        pytest.param(Place.RUN, model(), State.WAITING, "NoRunYet", id="no-run"),
        pytest.param(
            Place.RUN, run(progress=RUNNING), State.ACTIVE, "Running", id="running"
        ),
        pytest.param(
            Place.RUN, run(conditions=[condition("Complete", "True", "Committed")]),
            State.GOOD, "Committed", id="complete",
        ),
        pytest.param(
            Place.RUN,
            run(progress=RUNNING, conditions=[condition("Failed", "True", "OutOfMemory", "boom")]),
            State.BAD, "OutOfMemory", id="failed",
        ),
        pytest.param(Place.GATES, run(gates=GATES), State.BAD, "Failed", id="gates-failed"),
        pytest.param(Place.GATES, run(gates=GATES[:1]), State.GOOD, "Passed", id="gates-passed"),
        pytest.param(Place.GATES, run(), State.WAITING, "Waiting", id="gates-waiting"),
        pytest.param(Place.VERSION, run(), State.WAITING, "Waiting", id="no-version"),
        pytest.param(
            Place.VERSION, model(champion=CHAMPION), State.GOOD, "Champion", id="champion"
        ),
        pytest.param(Place.SERVING, run(), State.DECLARED, "NotDeclared", id="no-model"),
        pytest.param(
            Place.SERVING, model(conditions=[READY]), State.GOOD, "Answering", id="answering"
        ),
        pytest.param(
            Place.SERVING,
            model(conditions=[condition("Ready", "False", "Deploying", "1 of 2")]),
            State.ATTENTION, "Deploying", id="not-ready",
        ),
        pytest.param(Place.EVIDENCE, model(), State.WAITING, "Waiting", id="no-traffic"),
        pytest.param(
            Place.EVIDENCE, model(conditions=[condition("Serving", "True", "Answering")]),
            State.ACTIVE, "Collecting", id="collecting",
        ),
    ],
)  # fmt: skip
def test_state_of_a_box(place: Place, changed: dict[str, Any], state: State, word: str) -> None:
    kept = [item for item in (dataset(), pipeline()) if item["kind"] != changed["kind"]]
    found = box(place, *kept, changed)
    assert (found.state, found.word) == (state, word)


def test_newest_run_is_shown() -> None:
    old, new = run("demand-old"), run("demand-new")
    old["metadata"]["creationTimestamp"] = "2026-11-21T00:00:00Z"
    assert box(Place.RUN, dataset(), pipeline(), new, old).title == "demand-new"


def test_stages_follow_the_progress() -> None:
    found = box(Place.RUN, dataset(), pipeline(), run(progress=RUNNING))
    assert [(item.name, item.state, item.progress) for item in found.items] == [
        ("preprocess", State.GOOD, None),
        ("train", State.ACTIVE, 0.25),
        ("export", State.WAITING, None),
        ("evaluate", State.WAITING, None),
    ]
    assert found.items[1].detail == "loss 0.5"


def test_refit_is_shown_where_the_recipe_asks_for_it() -> None:
    found = box(Place.RUN, dataset(), pipeline(training={"refitOnAll": True}))
    assert [item.name for item in found.items][2] == "refit"


def test_failed_gates_stand_first_and_long_lists_are_cut() -> None:
    many = [GATES[0] | {"name": f"g{n}"} for n in range(8)]
    found = box(Place.GATES, dataset(), pipeline(), run(gates=[*many, GATES[1]]))
    assert found.title == "8 of 9 passed"
    assert found.items[0].name == "quality"
    assert found.items[-1].name == "and 5 more"
    assert len(found.items) == 5


def test_commit_gives_times_and_figures() -> None:
    commits = {COMMIT.run: COMMIT}
    champion = model(champion=CHAMPION | {"run": COMMIT.run})
    found = box(Place.VERSION, dataset(), pipeline(), champion, commits=commits)
    assert facts(found)["ROC AUC"] == "0.90 (.85-.95)"
    train = box(Place.RUN, dataset(), pipeline(), run(COMMIT.run), commits=commits).items[1]
    assert (train.name, train.value) == ("train", "cached, 1.5 s")


def test_manifest_gives_rows_by_rule() -> None:
    found = box(Place.INGEST, dataset(), manifests={MANIFEST.digest: MANIFEST})
    assert facts(found) | {"rows in": "34", "quarantined": "4 · 12 %"} == facts(found)
    assert facts(found)["  Range"] == "4"


def test_local_run_shows_its_candidate() -> None:
    found = loop(
        dataset(),
        pipeline(),
        commits={COMMIT.run: COMMIT},
        local_runs={"demand": COMMIT.run},
        links="file:///x/",
    )
    version = found.boxes[Place.VERSION]
    assert (version.title, version.word) == (COMMIT.run, "Candidate")
    assert version.href == f"file:///x/{COMMIT.model.file.key}"
    assert found.boxes[Place.RUN].href == "file:///x/blobs/report.html"


def test_links_lead_to_stored_evidence() -> None:
    bodies = (
        dataset(snapshot=SNAPSHOT),
        pipeline(),
        run(conditions=[condition("Complete", "True", "Committed")]),
    )
    boxes = loop(*bodies, links="https://reports/").boxes
    assert boxes[Place.SNAPSHOT].href == "https://reports/snapshots/bikes/a/manifest.json"
    assert boxes[Place.RUN].href == "https://reports/runs/demand-1f3a9c/commit.json"
    assert boxes[Place.INGEST].href == boxes[Place.SNAPSHOT].href
    assert boxes[Place.SERVING].href == ""
    url = "http://demand-server.wind:8080"
    assert box(Place.SERVING, *bodies, model(url=url)).href == url


def test_gates_say_what_they_will_ask_for() -> None:
    gates = [
        {"name": "a", "kind": "Metric", "metric": "RocAuc", "min": "0.8"},
        {"name": "b", "kind": "Metric", "metric": "LogLoss", "max": "0.4"},
        {"name": "c", "kind": "NonInferiority", "metric": "RocAuc"},
        {"name": "d", "kind": "Parity", "max": "0.01"},
        {"name": "e", "kind": "LearningCurve"},
    ]
    found = box(Place.GATES, dataset(), pipeline(gates=gates))
    assert [item.detail for item in found.items] == [
        "RocAuc at least 0.8",
        "LogLoss at most 0.4",
        "RocAuc not worse than the champion's by 0.01",
        "ONNX answers as torch does, within 0.01",
        "validation loss at most 2 x training loss",
    ]


def test_arrows_close_the_loop() -> None:
    found = loop(dataset(), pipeline(), run(progress=RUNNING))
    forward = [arrow for arrow in found.arrows if arrow.flow is Flow.FORWARD]
    assert [arrow.source for arrow in forward] == list(Place)[:-1]
    assert [arrow.target for arrow in forward if arrow.moving] == [Place.RUN]
    back = {(a.source, a.target) for a in found.arrows if a.flow is Flow.FEEDBACK}
    assert back == {
        (Place.EVIDENCE, Place.SOURCE),
        (Place.EVIDENCE, Place.TRIGGER),
        (Place.VERSION, Place.RUN),
    }


def test_missing_dataset_is_said() -> None:
    found = box(Place.INGEST, pipeline())
    assert (found.state, found.word, found.title) == (State.ATTENTION, "NotFound", "bikes")


def test_what_stands_alone_has_a_loop_of_its_own() -> None:
    own = model()
    own["metadata"]["name"] = "vendor"
    own["spec"] = {"onnx": {"uri": "raw/m.onnx", "digest": CHAMPION["digest"]}}
    lonely = dataset()
    lonely["metadata"]["name"] = "lonely"
    loops = compose(Scene(NOW, parse_objects([dataset(), pipeline(), lonely, own])), "t").loops
    assert [item.title for item in loops] == ["demand", "lonely", "vendor"]
    assert set(loops[1].boxes) == {Place.SOURCE, Place.INGEST, Place.SNAPSHOT}
    assert set(loops[2].boxes) == {Place.VERSION, Place.SERVING, Place.EVIDENCE}


@pytest.mark.parametrize(
    ("target", "kinds"),
    [
        ("model/demand", ["Dataset", "Pipeline", "PipelineRun", "Model"]),
        ("tpl/demand", ["Dataset", "Pipeline", "PipelineRun", "Model"]),
        ("datasets/bikes", ["Dataset", "Pipeline", "PipelineRun", "Model"]),
        ("Dataset/lonely", ["Dataset"]),
    ],
)
def test_selection_takes_the_whole_loop(target: str, kinds: list[str]) -> None:
    lonely = dataset()
    lonely["metadata"]["name"] = "lonely"
    objects = parse_objects([lonely, dataset(), pipeline(), run(), model()])
    assert [type(item).__name__ for item in select(objects, target)] == kinds


@pytest.mark.parametrize(
    ("target", "words"),
    [("model/x", "Model 'x' is not there"), ("x", "write model/NAME"), ("pod/x", "is no target")],
)
def test_other_targets_are_refused(target: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        select(parse_objects([model()]), target)


SIGNALS = [
    {"name": "inputs", "kind": "InputDrift", "state": "Measured", "value": "0.25"},
    {"name": "quality", "kind": "RealisedQuality", "state": "Insufficient"},
]
WATCHING = [condition("Ready", "True", "Watching")]


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        pytest.param({}, State.DECLARED, "Declared", id="declared"),
        pytest.param({"conditions": WATCHING}, State.GOOD, "Watching", id="no window yet"),
        pytest.param(
            {"conditions": WATCHING, "decision": decision("Wait", "NoRuleHolds")},
            State.GOOD,
            "Wait",
            id="all well",
        ),
        pytest.param(
            {"conditions": WATCHING, "decision": decision("Retrain", "RuleHolds")},
            State.ACTIVE,
            "Retrain",
            id="a retrain",
        ),
        pytest.param(
            {"conditions": WATCHING, "decision": decision("Suppress", "Cooldown")},
            State.ATTENTION,
            "Suppress",
            id="a suppressed retrain",
        ),
        pytest.param(
            {"conditions": [condition("Stalled", "True", "BreakerOpen")]},
            State.BAD,
            "BreakerOpen",
            id="the breaker is open",
        ),
    ],
)
def test_a_drift_monitor_stands_where_its_evidence_is(
    status: dict[str, Any], state: State, word: str
) -> None:
    found = box(Place.EVIDENCE, pipeline(), model(), monitor(**status))

    assert (found.kind, found.title) == ("Monitor", "demand")
    assert (found.state, found.word) == (state, word)


def test_a_drift_monitor_shows_its_newest_values() -> None:
    found = facts(box(Place.EVIDENCE, pipeline(), model(), monitor(signals=SIGNALS)))

    assert found == {
        "mode": "Suggest",
        "windows of": "1 d",
        "inputs": "0.25",
        "quality": "Insufficient",
    }


@pytest.mark.parametrize("target", ["driftmonitor/demand", "tdm/demand", "model/demand"])
def test_a_drift_monitor_belongs_to_the_loop_of_its_model(target: str) -> None:
    objects = parse_objects([dataset(), pipeline(), model(), monitor()])

    assert select(objects, target) == objects
