from typing import Any

import pytest

from trimtab_operator.cluster.manifest import APPLIED, contains, controller_uid, stamped

MANIFEST: dict[str, Any] = {"kind": "Job", "metadata": {"name": "a"}, "spec": {"x": 1}}


@pytest.mark.parametrize(
    ("live", "wanted"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, id="a default was added"),
        pytest.param({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}, id="equal lists"),
        pytest.param(
            {"c": [{"name": "x", "v": 1}, {"name": "y", "v": 2, "w": 3}]},
            {"c": [{"name": "y", "v": 2}]},
            id="a sidecar was injected",
        ),
        pytest.param({"memory": "1Gi"}, {"memory": "1024Mi"}, id="binary quantity"),
        pytest.param({"cpu": "500m"}, {"cpu": "0.5"}, id="milli quantity"),
        pytest.param({"cpu": "2"}, {"cpu": 2}, id="quantity given as a number"),
        pytest.param({"e": []}, {"e": []}, id="empty lists"),
    ],
)
def test_a_live_object_contains(live: object, wanted: object) -> None:
    assert contains(live, wanted)


@pytest.mark.parametrize(
    ("live", "wanted"),
    [
        pytest.param({"a": 2}, {"a": 1}, id="another value"),
        pytest.param({}, {"a": 1}, id="a field is missing"),
        pytest.param({"a": None}, {"a": {}}, id="null is no object"),
        pytest.param({"l": [1]}, {"l": [1, 2]}, id="an item is missing"),
        pytest.param({"l": [2, 1]}, {"l": [1, 2]}, id="another order"),
        pytest.param({"c": [{"name": "x"}]}, {"c": [{"name": "y"}]}, id="another name"),
        pytest.param({"memory": "1G"}, {"memory": "1Gi"}, id="another quantity"),
        pytest.param({"image": "a:1"}, {"image": "a:2"}, id="another text"),
        pytest.param({"flag": True}, {"flag": False}, id="another flag"),
    ],
)
def test_a_live_object_does_not_contain(live: object, wanted: object) -> None:
    assert not contains(live, wanted)


def test_a_field_that_was_dropped_changes_the_stamp() -> None:
    before = stamped(MANIFEST | {"spec": {"x": 1, "gone": 2}})
    after = stamped(MANIFEST)
    assert before["metadata"]["annotations"][APPLIED] != after["metadata"]["annotations"][APPLIED]
    assert not contains(before, after)


def test_stamping_changes_nothing_else() -> None:
    noted = {"name": "a", "annotations": {"own": "kept"}}
    annotations = stamped(MANIFEST | {"metadata": noted})["metadata"]["annotations"]
    assert set(annotations) == {"own", APPLIED}
    assert MANIFEST["metadata"] == {"name": "a"}


@pytest.mark.parametrize(
    ("owners", "uid"),
    [
        pytest.param([{"uid": "u", "controller": True}], "u", id="controlled"),
        pytest.param([{"uid": "u"}], None, id="owned, not controlled"),
        pytest.param([], None, id="nobody's"),
    ],
)
def test_controller_uid(owners: list[dict[str, Any]], uid: str | None) -> None:
    assert controller_uid({"metadata": {"ownerReferences": owners}}) == uid
