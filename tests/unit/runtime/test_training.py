"""A whole run in this process: caching, champion, refit, commit."""

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from demo.comparison import learnt
from support.training import Place, make_place, make_recipe, make_spec, write_snapshot
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.contract.gates import Gate, GateKind, Metric, Outcome
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Lever, LeverOp, Recipe
from trimtab_stages.contract.run import ChampionRef, Commit, RunSpec, StageName
from trimtab_stages.contract.serving_plan import GoldenRequest, ReferenceProfile
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.evaluate.scored import decide
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.split import read_splits
from trimtab_stages.runtime.artifacts import read_blob
from trimtab_stages.runtime.stop import InterruptedRunError
from trimtab_stages.runtime.training import run_training

GATES = [
    Gate(name="parity", kind=GateKind.PARITY),
    Gate(name="not-worse", kind=GateKind.NON_INFERIORITY, metric=Metric.BALANCED_ACCURACY),
    Gate(name="good", kind=GateKind.METRIC, metric=Metric.ROC_AUC, min=Decimal("0.6")),
    Gate(name="levers", kind=GateKind.INFORMATION_LOSS),
    Gate(name="curve", kind=GateKind.LEARNING_CURVE, max=Decimal(5)),
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


@pytest.fixture
def manifest(place: Place) -> SnapshotManifest:
    return write_snapshot(place.store)


def gated(**training: Any) -> Recipe:
    return make_recipe(**training).model_copy(update={"gates": GATES})


def run(place: Place, spec: RunSpec) -> Commit:
    return run_training(spec, place.store, place.work, threading.Event(), ray=None)


def as_champion(commit: Commit) -> ChampionRef:
    model = commit.model
    return ChampionRef(digest=model.file.digest, file=model.file, threshold=model.threshold)


def cached(commit: Commit) -> dict[StageName, bool]:
    return {use.result.stage: use.cached for use in commit.stages}


def test_a_run_commits_a_model_that_can_be_served(place: Place, manifest: SnapshotManifest) -> None:
    spec = make_spec(place.store, manifest, gated())
    commit = run(place, spec)
    assert commit.outcome is Outcome.PASSED
    assert Commit.model_validate_json(place.store.get(layout.run_commit(spec.run))) == commit
    data = read_blob(place.store, commit.model.file)
    assert digest_of_bytes(data) == commit.model.file.digest
    golden = GoldenRequest.model_validate_json(read_blob(place.store, commit.model.golden))
    assert (len(golden.numeric), len(golden.categorical), len(golden.scores)) == (32, 32, 32)
    profile = ReferenceProfile.model_validate_json(read_blob(place.store, commit.model.reference))
    assert (profile.rows, profile.snapshot) == (300, manifest.digest)
    assert commit.evidence.parity_rows >= 10_000
    assert sum(map(sum, commit.confusion.counts)) == 150
    assert commit.report is not None
    page = read_blob(place.store, commit.report).decode()
    assert page.count("<svg") == 3
    assert all(gate.name in page for gate in GATES)
    assert list(place.store.list("checkpoints/")) == []


def test_a_committed_run_does_nothing_again(place: Place, manifest: SnapshotManifest) -> None:
    spec = make_spec(place.store, manifest, gated())
    first = run(place, spec)
    before = [entry.key for entry in place.store.list()]
    assert run(place, spec) == first
    assert [entry.key for entry in place.store.list()] == before


def test_only_what_an_edit_touches_is_run_again(place: Place, manifest: SnapshotManifest) -> None:
    first = run(place, make_spec(place.store, manifest, gated(), "weather-1"))
    edited = gated(checkpoint_every_epochs=3).model_copy(update={"gates": GATES[:1]})
    second = run(place, make_spec(place.store, manifest, edited, "weather-2"))
    assert set(cached(second).values()) == {True}
    assert second.model == first.model
    assert len(second.gates) == 1
    scale = Lever(name="clip", op=LeverOp.CLIP, quantile=Decimal("0.01"))
    levers = gated().model_copy(update={"levers": [scale]})
    third = run(place, make_spec(place.store, manifest, levers, "weather-3"))
    assert set(cached(third).values()) == {False}
    assert third.model.file.digest != first.model.file.digest


def test_a_refit_serves_another_model_than_the_judged_one(
    place: Place, manifest: SnapshotManifest
) -> None:
    plain = run(place, make_spec(place.store, manifest, gated(), "weather-1"))
    refitted = run(place, make_spec(place.store, manifest, gated(refit_on_all=True), "weather-2"))
    assert cached(refitted)[StageName.TRAIN]
    assert not cached(refitted)[StageName.REFIT]
    assert refitted.judged is not None
    assert refitted.judged.digest == plain.model.file.digest
    assert refitted.model.file.digest != plain.model.file.digest
    assert (refitted.estimates, refitted.confusion) == (plain.estimates, plain.confusion)
    profile = ReferenceProfile.model_validate_json(read_blob(place.store, refitted.model.reference))
    assert profile.rows == 600
    assert [len(learnt(place.store, manifest, each)) for each in (plain, refitted)] == [300, 600]
    splits = read_splits(place.store, make_spec(place.store, manifest, gated()), place.work)
    flagged = [
        int(decide(Graph(read_blob(place.store, file)).scores(splits.validation), threshold).sum())
        for file, threshold in (
            (plain.model.file, plain.model.threshold),
            (refitted.model.file, refitted.model.threshold),
        )
    ]
    assert flagged[0] == flagged[1]


def test_a_challenger_equal_to_the_champion_is_not_worse(
    place: Place, manifest: SnapshotManifest
) -> None:
    champion = as_champion(run(place, make_spec(place.store, manifest, gated(), "weather-1")))
    commit = run(place, make_spec(place.store, manifest, gated(), "weather-2", champion))
    assert commit.evidence.versus_champion is not None
    assert {estimate.value for estimate in commit.evidence.versus_champion} == {0.0}
    assert commit.outcome is Outcome.PASSED
    assert cached(commit)[StageName.EXPORT]
    assert not cached(commit)[StageName.EVALUATE]


def test_a_champion_that_needs_a_missing_feature_is_inconclusive(
    place: Place, manifest: SnapshotManifest
) -> None:
    champion = as_champion(run(place, make_spec(place.store, manifest, gated(), "weather-1")))
    fewer = write_snapshot(place.store, seed=1)
    kept = [feature for feature in fewer.features if feature.name != "load"]
    fewer = fewer.model_copy(update={"features": kept})
    commit = run(place, make_spec(place.store, fewer, gated(), "weather-2", champion))
    assert commit.evidence.versus_champion == []
    assert commit.outcome is Outcome.INCONCLUSIVE


def test_several_classes_have_no_threshold(place: Place) -> None:
    manifest = write_snapshot(place.store, classes=3)
    commit = run(place, make_spec(place.store, manifest, gated()))
    assert commit.model.threshold is None
    assert commit.model.classes == ["0", "1", "2"]
    assert len(commit.confusion.counts) == 3


def test_a_run_that_is_told_to_stop_says_so_and_goes_on_later(
    place: Place, manifest: SnapshotManifest
) -> None:
    spec = make_spec(place.store, manifest, gated())
    stop = threading.Event()
    stop.set()
    with pytest.raises(InterruptedRunError):
        run_training(spec, place.store, place.work, stop, ray=None)
    assert not place.store.exists(layout.run_commit(spec.run))
    commit = run(place, spec)
    assert cached(commit)[StageName.PREPROCESS]


def test_a_commit_of_another_cause_is_a_conflict(place: Place, manifest: SnapshotManifest) -> None:
    spec = make_spec(place.store, manifest, gated())
    run(place, spec)
    with pytest.raises(StageError) as caught:
        run(place, spec.model_copy(update={"trigger_id": "another"}))
    assert caught.value.reason is StageReason.ARTIFACT_CONFLICT


def test_an_exploding_training_names_the_learning_rate(
    place: Place, manifest: SnapshotManifest
) -> None:
    recipe = gated(learning_rate="10", weight_decay="10", epochs=60)
    wild = recipe.model_copy(update={"levers": []})
    with pytest.raises(StageError, match="learning rate 10; lower") as caught:
        run(place, make_spec(place.store, manifest, wild))
    assert caught.value.reason is StageReason.NAN_LOSS
