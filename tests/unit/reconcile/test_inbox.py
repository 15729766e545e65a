from random import Random
from typing import Any

from trimtab_operator.cluster.list_cache import ListCache
from trimtab_operator.reconcile.inbox import CHILD_DELAY, DELETED, Inbox
from trimtab_operator.reconcile.queue import WorkQueue
from trimtab_operator.reconcile.schedule import Key, Limits, Schedule
from trimtab_operator.telemetry.metrics import Metrics

DATASET, PIPELINE = Key("Dataset", "ns", "d"), Key("Pipeline", "ns", "p")


class World:
    """An inbox, and what it made due."""

    def __init__(self) -> None:
        self.schedule = Schedule(Limits(), Random(1))  # noqa: S311 - jitter
        self.metrics = Metrics()
        self.caches = {"DriftMonitor": ListCache()}
        queue = WorkQueue(self.schedule, lambda: 0.0)
        self.inbox = Inbox(queue, self.metrics, lambda: 77.0, self.caches)

    def due(self, now: float = 0.0) -> set[Key]:
        found = set()
        while isinstance(key := self.schedule.take(now), Key):
            found.add(key)
            self.schedule.finish(key)
        return found


def body(name: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "ns", "resourceVersion": "1"}, "spec": spec}


def test_an_event_makes_the_object_due_and_who_refers_to_it() -> None:
    world = World()
    world.inbox.take_own("Pipeline", None, body("p", datasetRef={"name": "d"}))
    assert world.due() == {PIPELINE}
    world.inbox.take_own("Dataset", "MODIFIED", body("d"))
    assert world.due() == {DATASET, PIPELINE}


def test_a_deleted_object_still_reaches_who_refers_to_it() -> None:
    world = World()
    world.inbox.take_own("Pipeline", None, body("p", datasetRef={"name": "d"}))
    world.inbox.take_own("Dataset", None, body("d"))
    world.due()
    world.inbox.take_own("Dataset", DELETED, body("d"))
    assert world.due() == {DATASET, PIPELINE}


def test_changes_of_a_child_are_collected_for_a_moment() -> None:
    world = World()
    job = {"metadata": {"name": "j", "namespace": "ns", "labels": {"trimtab.dev/dataset": "d"}}}
    for _ in range(5):
        world.inbox.take_child("Job", job)
    assert world.due() == set()
    assert world.due(CHILD_DELAY) == {DATASET}
    assert world.due(CHILD_DELAY) == set()


def test_the_time_of_the_last_event_is_a_metric() -> None:
    world = World()
    world.inbox.take_own("Dataset", None, body("d"))
    name = "trimtab_watch_last_event_timestamp_seconds"
    assert world.metrics.registry.get_sample_value(name, {"kind": "Dataset"}) == 77.0


def test_an_event_is_known_to_whoever_looks_at_all_of_its_kind() -> None:
    world = World()
    world.inbox.take_own("DriftMonitor", None, body("m"))
    assert len(world.caches["DriftMonitor"].objects("ns")) == 1
    world.inbox.take_own("DriftMonitor", DELETED, deleted("m"))
    assert world.caches["DriftMonitor"].objects("ns") == []


def deleted(name: str) -> dict[str, Any]:
    gone = body(name)
    gone["metadata"]["resourceVersion"] = "2"
    return gone
