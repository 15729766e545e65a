"""A monitor that is killed at any of its writes comes to the same verdicts, by the same bytes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.eventful_traffic import (
    CLOSED,
    DAY,
    LABELLED_LAST,
    LOST,
    LOST_ROWS,
    WINDOW,
    Objects,
    put_all,
    record_days,
)
from support.struck_writes import Moment, Strikes, Write, always, never, only
from support.traffic import MODEL, Trained, instant, trained
from support.watching import NOW, after, target_of
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.rollout_evidence import PairedRows
from trimtab_operator.monitor.rollout_targets import RolloutTarget, find_rollouts
from trimtab_operator.monitor.targets import Target
from trimtab_operator.monitor.watch import Watch
from trimtab_stages.contract.base import canonical_json
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.store import LocalStore, Outcome, Written

pytestmark = pytest.mark.integration

SEEN = 8 * 3600
"""So long after the first arrival of a day it is looked."""


AS_THEY_COME, ALL_AT_ONCE = "as they come", "all at once"

Portion = tuple[Objects, float]
"""What comes into the bucket, and when it is looked at, seconds since 1970."""


class KilledError(Exception):
    """The process is gone."""


class MortalStore(LocalStore):
    """A bucket whose user may die of a write."""

    def __init__(self, root: Path, strikes: Strikes) -> None:
        super().__init__(root)
        self._strikes = strikes

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        write = Write.of(key, data)
        if self._strikes.begins(write):
            raise KilledError
        outcome = super().put_if_absent(key, data)
        if self._strikes.ends(write, is_done=isinstance(outcome, Written)):
            raise KilledError
        return outcome


@dataclass(frozen=True)
class Recorded:
    """Objects of servers, in portions as they came, and what they are looked at for."""

    portions: list[Objects]
    target: Target
    rollout: RolloutTarget


@dataclass(frozen=True)
class End:
    """What two lives must have in common."""

    through: object
    evaluations: tuple[Any, ...]
    signals: tuple[Any, ...]
    evidence: dict[str, Any]
    stored: Objects


@dataclass
class Life:
    """A monitor and what it has written; its process knows nothing of the one before it.

    Attributes:
        recorded: what it looks at.
        bucket: where that comes and where its reports go.
        strikes: what ends its process.
        is_slow: a process that has ended comes again only when the next portion is there.
        evidence: as the Model's status has it.
    """

    recorded: Recorded
    bucket: Path
    strikes: Strikes
    is_slow: bool = False
    evidence: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bucket.mkdir()
        self.target = self.recorded.target
        self._store = MortalStore(self.bucket, self.strikes)
        self._begin()

    def live(self, portions: Sequence[Portion]) -> End:
        """Look after each portion until nothing is new."""
        for place, (objects, now) in enumerate(portions, start=1):
            put_all(LocalStore(self.bucket), objects)
            waits = self.is_slow and place < len(portions)
            while self._is_behind(now) or (self._is_gone and not waits):
                pass
        stored = self._store.list("monitoring/")
        return End(
            self.target.evaluated_through,
            self.target.evaluations,
            self.target.signals,
            self.evidence,
            {entry.key: self._store.get(entry.key) for entry in stored},
        )

    def _begin(self) -> None:
        self._watch = Watch(self.target, ObjectCache())
        self._rows = PairedRows(self.recorded.rollout)
        self._is_gone = False

    def _is_behind(self, now: float) -> bool:
        """Look once; True while the process lives and has more to look at."""
        if self._is_gone:
            self._begin()
        try:
            is_behind = self._look(now)
            self._compare(now)
        except KilledError:
            self._is_gone = True
            return False
        return is_behind

    def _look(self, now: float) -> bool:
        progress = self._watch.look(self._store, self.target, instant(now), everything=False)
        if progress.reports:
            told = after(self.target, progress)
            with self._writing("DriftMonitor", list(told.evaluations)):
                self.target = told
        return progress.more

    def _compare(self, now: float) -> None:
        found = self._rows.gather(self._store, self.recorded.rollout, instant(now))
        assert found is not None
        if found != self.evidence:
            with self._writing("Model", found):
                self.evidence = found

    @contextmanager
    def _writing(self, kind: str, status: object) -> Iterator[None]:
        """Write a status, if the process does not die of it before."""
        write = Write.of(kind, canonical_json(status))
        if self.strikes.begins(write):
            raise KilledError
        yield
        if self.strikes.ends(write, is_done=True):
            raise KilledError


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "bucket").mkdir()
    store = LocalStore(folder / "bucket")
    with trained(store, folder, "run-1") as one, trained(store, folder, "run-22", sign=-1) as two:
        portions = record_days(store, one, two, NOW)
        policy = MonitorSpec.model_validate({"window": WINDOW})
        return Recorded(portions, target_of(one, policy=policy), rollout_of(one, two))


def rollout_of(champion: Trained, challenger: Trained) -> RolloutTarget:
    since = instant(NOW - 10)
    (target,) = find_rollouts(
        [
            {
                "metadata": {"namespace": "demo", "name": MODEL, "uid": "u"},
                "spec": {"rollout": {"margin": "0.05"}},
                "status": {
                    "champion": champion.status(since),
                    "challenger": challenger.status(since),
                    "rollout": {"digest": challenger.digest},
                },
            }
        ]
    )
    return target


@pytest.fixture(params=[AS_THEY_COME, ALL_AT_ONCE])
def portions(recorded: Recorded, request: pytest.FixtureRequest) -> list[Portion]:
    """What the bucket holds at each look."""
    days = [min(number, CLOSED) for number in range(len(recorded.portions))]
    looks = [NOW + DAY * day + SEEN for day in days]
    if request.param == AS_THEY_COME:
        return list(zip(recorded.portions, looks, strict=True))
    rows, labels = recorded.portions[:-1], recorded.portions[-1]
    together = {key: data for objects in rows for key, data in objects.items()}
    return [(together, looks[-1]), (labels, looks[-1])]


@pytest.mark.parametrize(
    ("portions", "is_slow"),
    [
        pytest.param(AS_THEY_COME, False, id="while they come"),
        pytest.param(AS_THEY_COME, True, id="away until more has come"),
        pytest.param(ALL_AT_ONCE, False, id="all are there"),
    ],
    indirect=["portions"],
)
def test_killed_at_any_write_it_ends_in_the_same_verdict(
    recorded: Recorded, portions: list[Portion], tmp_path: Path, *, is_slow: bool
) -> None:
    calm = Strikes(never)
    undisturbed = Life(recorded, tmp_path / "undisturbed", calm).live(portions)
    check_all_was_counted(undisturbed)
    for moment in Moment:
        for place, write in enumerate(calm.done):
            strikes = Strikes(only(moment, place))
            life = Life(recorded, tmp_path / f"{moment}-{place}", strikes, is_slow)
            assert life.live(portions) == undisturbed, f"killed {moment} {write.place}"
            assert strikes.struck == 1
            assert is_slow or strikes.done == calm.done, "each is written once, and nothing else"


def check_all_was_counted(end: End) -> None:
    assert len(end.evaluations) == CLOSED
    assert sum(one["lost"] for one in end.evaluations) == len(LOST)
    assert sum(one["lostRows"] for one in end.evaluations) == LOST_ROWS
    inputs = [one["signals"][1]["value"] for one in end.evaluations]
    assert (inputs[0], inputs[1] > "0") == ("0", True)
    assert end.evidence["labelled"] == LABELLED_LAST
    assert float(end.evidence["low"]) < float(end.evidence["high"])


def test_killed_at_every_write_it_ends_in_the_same_verdict(
    recorded: Recorded, portions: list[Portion], tmp_path: Path
) -> None:
    calm, deadly = Strikes(never), Strikes(always)
    undisturbed = Life(recorded, tmp_path / "undisturbed", calm).live(portions)
    assert Life(recorded, tmp_path / "disturbed", deadly).live(portions) == undisturbed
    assert (deadly.done, deadly.struck) == (calm.done, len(Moment) * len(calm.done))
