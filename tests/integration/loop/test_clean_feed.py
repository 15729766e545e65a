"""Seven years of real rides without a fault: none is found in any month or week of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from replay.faulty_feed import DAY_ROWS, flip
from replay.learner import Fitted, Learner, Rows
from replay.streams import SECOND_NS, Stream, bikes
from support.examples import example_pipeline
from support.windows import Champion, buckets_of, inputs_of
from support.windows import Rows as Answered
from trimtab_stages.contract.monitoring import DataFault, DataFaultKind
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.evaluate import evaluate
from trimtab_stages.runtime.artifacts import read_blob
from trimtab_stages.store import LocalStore

pytestmark = pytest.mark.integration

MONTHS = 84
DAY = 86_400
ARRIVAL_NS = 1_790_000_000 * SECOND_NS
"""Long after all of it: a replay."""


@dataclass(frozen=True)
class World:
    """Rides, and the first model, which never learns of what comes later."""

    stream: Stream
    fitted: Fitted
    champion: Champion

    def faults(self, rows: Rows, truth: Rows) -> Sequence[DataFault]:
        """Return the faults of a window, its labels being these."""
        answered = replace(self.answered(rows), truth=truth)
        buckets = buckets_of(answered, self.champion.reference, DAY)
        return evaluate(replace(inputs_of(answered, self.champion), buckets=buckets)).faults

    def answered(self, rows: Rows) -> Answered:
        """Return rows as they would be answered, a day in each request, ten milliseconds apart."""
        stream = self.stream
        scores = self.fitted.scores(stream, rows)
        return Answered(
            numeric=stream.inputs[rows],
            categorical=np.empty((len(rows), 0), object),
            scores=scores,
            decided=self.fitted.decide(stream, rows),
            truth=stream.truth[rows],
            event_ns=stream.time_ns[rows],
            received_ns=ARRIVAL_NS + np.arange(len(rows)) // DAY_ROWS * SECOND_NS // 100,
            names=tuple(feature.name for feature in stream.features),
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder: Path = tmp_path_factory.mktemp("clean")
    stream = bikes(folder / "rides", 22, MONTHS)
    (folder / "store").mkdir()
    store = LocalStore(folder / "store")
    recipe = example_pipeline("bikes").spec.recipe()
    fitted = Learner(stream, recipe, store, folder).fit(stream.before(0, memory=False))
    profile = ReferenceProfile.from_bytes(read_blob(store, fitted.commit.model.reference))
    tested = np.array(fitted.commit.confusion.counts, np.int64)
    return World(stream, fitted, Champion(profile, tested))


def windows(stream: Stream, days: int) -> list[Rows]:
    """Return the rows of windows of so many days that follow the first model's."""
    rows = np.flatnonzero(stream.time_ns >= stream.edges_ns[0])
    number = (stream.time_ns[rows] - stream.edges_ns[0]) // (days * DAY * SECOND_NS)
    return [rows[number == index] for index in np.unique(number)]


@pytest.mark.parametrize(("days", "count"), [(30, MONTHS), (7, 360)], ids=["months", "weeks"])
def test_no_window_without_a_fault_has_one(world: World, days: int, count: int) -> None:
    found = windows(world.stream, days)
    assert len(found) == count
    faults = [world.faults(rows, world.stream.truth[rows]) for rows in found]
    assert [one for one in faults if one] == []


def test_most_months_whose_labels_are_flipped_have_corrupt_labels(world: World) -> None:
    random = np.random.default_rng(7)
    months = windows(world.stream, 30)
    found = [world.faults(rows, flip(world.stream.truth[rows], 0.4, random)) for rows in months]
    named = [[fault.kind for fault in faults] for faults in found]
    assert named.count([DataFaultKind.CORRUPT_LABELS]) >= 0.8 * len(months)
