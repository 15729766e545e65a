"""The served network is as good as gradient boosting on the first month that it serves."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from support.boosting import boosted
from support.datasets import bike_share
from support.training import Place, make_place
from trimtab_stages.contract.features import Availability, Column, ColumnRole
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.ingest import (
    Cyclical,
    CyclicPart,
    IngestRules,
    Source,
    Target,
    TargetKind,
    TimeRules,
)
from trimtab_stages.contract.recipe import Recipe, Training
from trimtab_stages.contract.run import Commit, IngestSpec, RunSpec, TriggerType
from trimtab_stages.evaluate.metrics import measure
from trimtab_stages.evaluate.scored import score_rows
from trimtab_stages.export.session import Graph
from trimtab_stages.ingest.run import Place as IngestPlace
from trimtab_stages.ingest.run import run as ingest
from trimtab_stages.preprocess.split import Splits, read_splits
from trimtab_stages.runtime.artifacts import read_blob
from trimtab_stages.runtime.training import run_training

pytestmark = [pytest.mark.integration, pytest.mark.long]

FIRST = datetime(2010, 9, 20, tzinfo=UTC)
SERVED = datetime(2012, 7, 1, tzinfo=UTC)
END = datetime(2012, 8, 1, tzinfo=UTC)
SEEDS = range(5)
MARGIN = 0.02


def weather(name: str) -> Column:
    return Column(name=name, availability=Availability.KNOWN_IN_ADVANCE)


def make_rules(start: datetime, end: datetime, target: Mapping[str, str]) -> IngestRules:
    count = Column(name="count", role=ColumnRole.SOURCE, availability=Availability.AFTER)
    return IngestRules(
        columns=[count, weather("tmin"), weather("tmax"), weather("pn")],
        time=TimeRules(column="ts", start=start, end=end),
        cyclical=Cyclical(parts=list(CyclicPart)),
        target=Target.model_validate(
            {"name": "busy", "column": "count", "kind": TargetKind.ABOVE, **target}
        ),
    )


def make_snapshot(place: Place, name: str, rules: IngestRules, recipe: Recipe) -> RunSpec:
    """Ingest the bikes and return a run on the snapshot."""
    spec = IngestSpec(
        id=name, dataset=name, source=Source(uri="raw/bikes.csv"), rules=rules, code_version="test"
    )
    folder = IngestPlace(
        source=place.store,
        store=place.store,
        work=place.work / name,
        now=datetime.now(UTC),
        clock=time.perf_counter,
    )
    commit = ingest(spec, folder)
    return RunSpec(
        run=name,
        pipeline="bikes",
        trigger=TriggerType.REQUEST,
        trigger_id=name,
        snapshot=commit.snapshot,
        manifest=commit.manifest,
        recipe=recipe,
        code_version="test",
    )


def train(place: Place, spec: RunSpec, seed: int) -> Commit:
    recipe = Recipe(training=Training(seed=seed, refit_on_all=True))
    named = spec.model_copy(update={"run": f"seed-{seed}", "recipe": recipe})
    return run_training(named, place.store, place.work, threading.Event(), ray=None)


def reached_by_boosting(learnt: Splits, served: Splits) -> float:
    rows, month = learnt.all(), served.all()
    model = boosted(rows.numeric, rows.target)
    scores = model.predict_proba(month.numeric)[:, 1].astype(np.float32)
    return measure(Metric.BALANCED_ACCURACY, score_rows(month.target, scores, 0.5))


def test_default_recipe_is_within_two_points_of_gradient_boosting(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.store.put_if_absent("raw/bikes.csv", bike_share())
    past = make_rules(FIRST, SERVED, {"train_quantile": "0.5"})
    spec = make_snapshot(place, "past", past, Recipe())
    learnt = read_splits(place.store, spec, place.work)
    threshold = learnt.manifest.target.threshold
    month = make_rules(SERVED, END, {"threshold": f"{threshold:.6f}"})
    served = read_splits(place.store, make_snapshot(place, "month", month, Recipe()), place.work)
    assert len(served.all()) == 31 * 24
    reached = []
    for seed in SEEDS:
        model = train(place, spec, seed).model
        scores = Graph(read_blob(place.store, model.file)).scores(served.all())
        decided = score_rows(served.all().target, scores, model.threshold)
        reached.append(measure(Metric.BALANCED_ACCURACY, decided))
    assert np.mean(reached) > reached_by_boosting(learnt, served) - MARGIN, reached
