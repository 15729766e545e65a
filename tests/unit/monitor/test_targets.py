from datetime import datetime, timedelta
from typing import Any

import pytest

from support.specs import DIGEST, changed
from trimtab_operator.api import monitor_status
from trimtab_operator.monitor.targets import WINDOWS, find_targets

OTHER = f"sha256:{'b' * 64}"
SINCE = "2026-01-02T03:04:05Z"
MONITOR: dict[str, Any] = {
    "metadata": {"namespace": "demo", "name": "watch", "uid": "u-1"},
    "spec": {"modelRef": {"name": "bikes"}, "window": {"seconds": 600}},
    "status": {},
}
MODEL: dict[str, Any] = {
    "metadata": {"namespace": "demo", "name": "bikes", "uid": "u-2"},
    "spec": {"capture": {"paneSeconds": 60, "flushSeconds": 4}},
    "status": {
        "champion": {"digest": DIGEST, "key": "k", "run": "run-2", "since": SINCE},
        "history": [{"digest": OTHER, "key": "k", "run": "run-1", "since": SINCE}],
    },
}
OWN = {"digest": OTHER, "key": "k", "since": SINCE}
"""A user's own file: no run."""


def test_a_monitor_whose_model_has_a_champion_from_a_run_is_evaluated() -> None:
    (target,) = find_targets([MONITOR], [MODEL])
    assert (target.namespace, target.name, target.model) == ("demo", "watch", "bikes")
    assert [version.run for version in target.versions] == ["run-2", "run-1"]
    assert target.begin == datetime.fromisoformat(SINCE) - timedelta(seconds=60)
    assert (target.flush_seconds, target.evaluated_through) == (4, None)
    assert target.policy.window.seconds == 600
    assert len(target.policy.signals) == 4


@pytest.mark.parametrize(
    ("monitor", "model"),
    [
        pytest.param(MONITOR, changed(MODEL, "metadata.name", "other"), id="no such Model"),
        pytest.param(MONITOR, changed(MODEL, "metadata.namespace", "other"), id="elsewhere"),
        pytest.param(MONITOR, changed(MODEL, "status", None), id="nothing observed yet"),
        pytest.param(MONITOR, changed(MODEL, "status.champion", OWN), id="own file"),
        pytest.param(changed(MONITOR, "spec.window.seconds", 90), MODEL, id="edges between panes"),
        pytest.param(
            changed(MONITOR, "spec.window.anchor", "1970-01-01T00:00:30Z"), MODEL, id="anchor"
        ),
        pytest.param(changed(MONITOR, "spec.window.seconds", 0), MODEL, id="wrong window"),
        pytest.param(changed(MONITOR, "spec.signals", [{"name": "x"}]), MODEL, id="wrong signal"),
    ],
)
def test_what_cannot_be_evaluated_is_left_out(
    monitor: dict[str, Any], model: dict[str, Any]
) -> None:
    assert find_targets([monitor], [model]) == []


def test_former_versions_that_no_run_made_are_not_judged() -> None:
    (target,) = find_targets([MONITOR], [changed(MODEL, "status.history.0", OWN)])
    assert [version.run for version in target.versions] == ["run-2"]


def test_defaults_of_the_schema_hold_for_bodies_without_them() -> None:
    bare = changed(changed(MODEL, "spec", {}), "metadata.name", "bikes")
    (target,) = find_targets([changed(MONITOR, "spec.window", {"seconds": 300})], [bare])
    assert target.flush_seconds == 10


def ended(*days: int) -> list[dict[str, str]]:
    return [{"end": f"2026-02-{day:02d}T00:00:00Z"} for day in days]


@pytest.mark.parametrize(
    ("evaluations", "decided", "for_windows", "cooldown", "room"),
    [
        pytest.param([], None, [], 0, 12, id="nothing is evaluated"),
        pytest.param(ended(*range(1, 13)), None, [1], 0, 0, id="nothing is decided"),
        pytest.param(ended(*range(1, 13)), 5, [1], 0, 5, id="some are decided"),
        pytest.param(ended(*range(1, 13)), 12, [1], 0, 12, id="all are decided"),
        pytest.param(ended(*range(1, 13)), 12, [1, 3], 0, 10, id="a rule looks back two windows"),
        pytest.param(ended(*range(1, 13)), 9, [3], 0, 7, id="and some wait"),
        pytest.param(ended(*range(1, 13)), 12, [3], 5, 7, id="the cooldown looks back five"),
        pytest.param(ended(*range(1, 13)), 12, [1], None, 11, id="by default it looks back one"),
        pytest.param(ended(*range(1, 13)), 12, [12], 0, 1, id="as far as one may look back"),
        pytest.param(ended(*range(1, 13)), 11, [12], 0, 0, id="and one waits"),
        pytest.param(ended(*range(1, 13)), 3, [12], 0, 0, id="a rule was changed meanwhile"),
    ],
)
def test_there_is_room_for_as_many_windows_as_let_none_go_by_undecided(
    evaluations: list[dict[str, str]],
    decided: int | None,
    for_windows: list[int],
    cooldown: int | None,
    room: int,
) -> None:
    rules = [{"forWindows": count} for count in for_windows]
    guards = {} if cooldown is None else {"guards": {"cooldownWindows": cooldown}}
    decision = {"decision": {"windowEnd": ended(decided)[0]["end"]}} if decided else {}
    body = MONITOR | {
        "spec": MONITOR["spec"] | {"rules": rules} | guards,
        "status": {"evaluations": evaluations} | decision,
    }
    assert find_targets([body], [MODEL])[0].room == room


def test_the_status_keeps_what_the_schema_allows() -> None:
    assert WINDOWS == monitor_status.WINDOWS


@pytest.mark.parametrize(
    ("path", "value", "same"),
    [
        pytest.param("spec.mode", "Act", True, id="what follows is not the monitor's"),
        pytest.param("status.evaluatedThrough", SINCE, True, id="its own status"),
        pytest.param("spec.window.seconds", 1200, False, id="windows"),
        pytest.param("spec.window.minLabels", 7, False, id="minimums"),
        pytest.param("metadata.uid", "u-9", False, id="made anew"),
    ],
)
def test_what_a_new_start_follows_from(path: str, value: object, *, same: bool) -> None:
    (before,) = find_targets([MONITOR], [MODEL])
    (after,) = find_targets([changed(MONITOR, path, value)], [MODEL])
    assert (before.identity == after.identity) is same
