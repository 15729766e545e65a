"""Champion and challenger on the same rows, from what real server code has left in a bucket."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from support.traffic import CLASSES, MODEL, ServerPod, Trained, instant, normal_rows, trained
from trimtab_operator.monitor.rollout_evidence import PairedRows
from trimtab_operator.monitor.rollout_targets import RolloutTarget, find_rollouts
from trimtab_stages.store import LocalStore, Store

pytestmark = pytest.mark.integration

T0 = 1_700_000_400.0
NOW = T0 + 10_000_000
NAMES = np.array(CLASSES)


@pytest.fixture
def versions(store: Store, tmp_path: Path) -> Iterator[tuple[Trained, Trained]]:
    """Champion and challenger: the challenger looks at the wrong sign of the feature."""
    with (
        trained(store, tmp_path, "run-1") as champion,
        trained(store, tmp_path, "run-22", sign=-1.0) as challenger,
    ):
        yield champion, challenger


def model(champion: Trained, challenger: Trained | None, **rollout: Any) -> dict[str, Any]:
    status: dict[str, Any] = {"champion": champion.status(instant(NOW - 10))}
    if challenger is not None:
        status["challenger"] = challenger.status(instant(NOW - 5))
        status["rollout"] = {"digest": challenger.digest, "stage": "Shadow"} | rollout
    return {
        "metadata": {"namespace": "demo", "name": MODEL, "uid": "u"},
        "spec": {"rollout": {"margin": "0.05"}, "capture": {"flushSeconds": 1}},
        "status": status,
    }


def target_of(versions: tuple[Trained, Trained]) -> RolloutTarget:
    (target,) = find_rollouts([model(*versions)])
    return target


def gather(store: Store, target: RolloutTarget, rows: PairedRows | None = None) -> dict[str, Any]:
    compared = rows or PairedRows(target)
    return known(compared.gather(store, target, instant(NOW + 9999)))


def known(evidence: dict[str, Any] | None) -> dict[str, Any]:
    assert evidence is not None, "all has been read"
    return evidence


def answer_twice(
    pod: ServerPod, versions: tuple[Trained, Trained], number: int
) -> list[NDArray[np.int64]]:
    """Let both versions decide the ten rows of a request; return what each has decided."""
    rows = normal_rows(10, seed=number)
    return [
        pod.answer(
            version,
            f"r{number}",
            rows,
            event=T0 + number,
            received=NOW + number,
            shadow=place > 0,
        )
        for place, version in enumerate(versions)
    ]


def serve(
    pod: ServerPod, versions: tuple[Trained, Trained], numbers: range, *, right: int = 0
) -> None:
    """Let both versions decide ten rows a request; `right` says which one the labels agree with."""
    for number in numbers:
        decided = answer_twice(pod, versions, number)
        pod.label(f"r{number}", NAMES[decided[right]].tolist(), received=NOW + number + 0.5)
    pod.flush()


@pytest.mark.parametrize(
    ("right", "difference"), [pytest.param(0, -1.0, id="worse"), pytest.param(1, 1.0, id="better")]
)
def test_pairs_are_joined_with_their_labels(
    store: Store, versions: tuple[Trained, Trained], right: int, difference: float
) -> None:
    serve(ServerPod(store), versions, range(30), right=right)
    target = target_of(versions)
    evidence = gather(store, target)
    assert evidence["digest"] == versions[1].digest
    assert (evidence["rows"], evidence["labelled"]) == (300, 300)
    assert float(evidence["difference"]) == difference
    assert float(evidence["agreement"]) == 0
    low, high = float(evidence["low"]), float(evidence["high"])
    assert low <= difference <= high
    assert (high < 0) if right == 0 else (low > 0)
    assert evidence["through"] == "2023-11-14T22:20:29Z"


def test_evidence_grows_and_a_new_process_finds_the_same(
    store: Store, versions: tuple[Trained, Trained]
) -> None:
    pods, target = (ServerPod(store, "a"), ServerPod(store, "b")), target_of(versions)
    rows = PairedRows(target)
    assert gather(store, target, rows) == {
        "digest": versions[1].digest,
        "rows": 0,
        "labelled": 0,
    }
    for number in range(4):
        serve(pods[number % 2], versions, range(5 * number, 5 * number + 5))
        grown = gather(store, target, rows)
        assert grown["labelled"] == 50 * (number + 1)
        assert gather(store, target) == grown


def test_labels_wait_until_the_rows_of_both_versions_are_written(
    store: Store, versions: tuple[Trained, Trained]
) -> None:
    serve(ServerPod(store), versions, range(1))
    target = target_of(versions)
    early = known(PairedRows(target).gather(store, target, instant(NOW + 4.4)))
    late = known(PairedRows(target).gather(store, target, instant(NOW + 4.6)))
    assert (early["rows"], early["labelled"], late["labelled"]) == (10, 0, 10)


def move(source: Store, target: Store, is_moved: Callable[[str], bool]) -> None:
    """Let some objects become visible, by their keys."""
    for entry in source.list():
        if is_moved(entry.key):
            target.put_if_absent(entry.key, source.get(entry.key))


@pytest.mark.parametrize("late", ["/captured/", "a-1000", "b-1000"])
def test_labels_that_come_before_their_rows_count_when_those_are_there(
    store: Store, versions: tuple[Trained, Trained], tmp_path: Path, late: str
) -> None:
    # What pod `a` answers is labelled through pod `b`, and the store is away for one of them.
    a, b = ServerPod(store, "a"), ServerPod(store, "b")
    for number in range(4):
        decided = answer_twice(a, versions, number)
        b.label(f"r{number}", NAMES[decided[0]].tolist(), received=NOW + number + 0.5)
        a.flush()
        b.flush()
    (tmp_path / "seen").mkdir()
    seen, target = LocalStore(tmp_path / "seen"), target_of(versions)
    move(store, seen, lambda key: late not in key)
    rows_of_rollout = PairedRows(target)
    assert gather(seen, target, rows_of_rollout)["labelled"] == 0

    move(store, seen, lambda key: late in key)
    assert gather(seen, target, rows_of_rollout) == gather(store, target)
    assert gather(store, target)["labelled"] == 40


def test_labels_that_no_row_waits_for_are_forgotten_in_time(
    store: Store, versions: tuple[Trained, Trained]
) -> None:
    target, pod = target_of(versions), ServerPod(store)
    rows = PairedRows(target, most_early=5)
    for number in range(4):
        pod.label(f"r{number}", ["calm"] * 2, received=NOW + number)
        pod.flush()
    assert gather(store, target, rows)["labelled"] == 0
    for number in range(4):
        answer_twice(pod, versions, number)
    pod.flush()
    assert gather(store, target, rows)["labelled"] == 5


def test_rows_of_one_version_alone_are_no_pairs(
    store: Store, versions: tuple[Trained, Trained]
) -> None:
    pod = ServerPod(store)
    serve(pod, versions, range(3))
    pod.answer(versions[0], "x", normal_rows(5), event=T0, received=NOW)
    pod.answer(versions[1], "y", normal_rows(5), event=T0, received=NOW, shadow=True)
    for name in ("x", "y", "z"):
        pod.label(name, ["busy"] * 5, received=NOW + 1)
    pod.flush()
    evidence = gather(store, target_of(versions))
    assert (evidence["rows"], evidence["labelled"]) == (30, 30)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({}, 1, id="in the shadow"),
        pytest.param({"digest": f"sha256:{'9' * 64}"}, 0, id="the rollout is another's"),
        pytest.param({"digest": None}, 0, id="no rollout"),
    ],
)
def test_models_with_a_challenger_are_compared(
    versions: tuple[Trained, Trained], changes: dict[str, Any], found: int
) -> None:
    body = model(*versions, **changes)
    assert len(find_rollouts([body, model(versions[0], None)])) == found
    assert all(target.margin == 0.05 for target in find_rollouts([body]))
