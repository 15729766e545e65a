"""What is known of all objects of a kind is never older than what was heard of one."""

from collections.abc import Callable
from typing import Any

import pytest

from trimtab_operator.cluster.list_cache import MOMENT_SECONDS, ListCache

NOW = 100.0
Step = Callable[[ListCache], None]


def body(name: str, version: int | str, namespace: str = "a") -> dict[str, Any]:
    metadata = {"namespace": namespace, "name": name, "resourceVersion": str(version)}
    return {"metadata": metadata}


def begin(cache: ListCache) -> None:
    cache.begin()


def listed(*bodies: dict[str, Any]) -> Step:
    return lambda cache: cache.fill(bodies, NOW)


def heard(name: str, version: int | str) -> Step:
    """An event, or the answer to a write."""
    return lambda cache: cache.take(body(name, version))


def gone(name: str, version: int) -> Step:
    return lambda cache: cache.take(body(name, version), deleted=True)


def forget(cache: ListCache) -> None:
    cache.forget()


X1, Y2 = body("x", 1), body("y", 2)
LISTED = [begin, listed(X1, Y2)]


@pytest.mark.parametrize(
    ("steps", "known", "fresh"),
    [
        pytest.param([], {}, False, id="nothing was listed"),
        pytest.param(LISTED, {"x": "1", "y": "2"}, True, id="listed"),
        pytest.param([*LISTED, heard("x", 3)], {"x": "3", "y": "2"}, True, id="changed"),
        pytest.param([*LISTED, heard("y", 1)], {"x": "1", "y": "2"}, True, id="an older event"),
        pytest.param([*LISTED, heard("z", 3)], {"x": "1", "y": "2", "z": "3"}, True, id="new"),
        pytest.param([*LISTED, gone("x", 3)], {"y": "2"}, True, id="deleted"),
        pytest.param(
            [*LISTED, gone("x", 4), heard("x", 3)], {"y": "2"}, True, id="an answer after deletion"
        ),
        pytest.param(
            [*LISTED, gone("x", 4), heard("x", 5)], {"x": "5", "y": "2"}, True, id="made anew"
        ),
        pytest.param(
            [begin, heard("x", 3), heard("z", 4), listed(X1, Y2)],
            {"x": "3", "y": "2", "z": "4"},
            True,
            id="heard while the list was under way",
        ),
        pytest.param(
            [begin, gone("x", 3), listed(X1, Y2)], {"y": "2"}, True, id="deleted under way"
        ),
        pytest.param(
            [begin, heard("x", 1), listed(body("x", 5))], {"x": "5"}, True, id="the list is newer"
        ),
        pytest.param([*LISTED, forget], {"x": "1", "y": "2"}, False, id="an answer was lost"),
        pytest.param(
            [begin, forget, listed(X1, Y2)], {"x": "1", "y": "2"}, False, id="lost under way"
        ),
        pytest.param(
            [begin, forget, listed(X1), *LISTED], {"x": "1", "y": "2"}, True, id="listed after all"
        ),
        pytest.param(
            [*LISTED, heard("x", "abc")],
            {"x": "1", "y": "2"},
            False,
            id="versions that are no numbers",
        ),
        pytest.param(
            [*LISTED, begin, listed(Y2)], {"y": "2"}, True, id="listed again without an object"
        ),
    ],
)
def test_it_is_as_new_as_what_was_heard(
    steps: list[Step], known: dict[str, str], *, fresh: bool
) -> None:
    cache = ListCache()
    for step in steps:
        step(cache)
    found = {item["metadata"]["name"]: item["metadata"] for item in cache.objects("a")}
    assert {name: item["resourceVersion"] for name, item in found.items()} == known
    assert cache.is_fresh(NOW) is fresh


def test_a_list_is_used_for_a_moment() -> None:
    cache = ListCache()
    for step in LISTED:
        step(cache)
    assert cache.is_fresh(NOW + MOMENT_SECONDS - 0.1)
    assert not cache.is_fresh(NOW + MOMENT_SECONDS)


def test_objects_of_one_namespace_or_of_all() -> None:
    cache = ListCache()
    cache.begin()
    cache.fill([body("x", 1, "a"), body("x", 2, "b")], NOW)
    assert [item["metadata"]["namespace"] for item in cache.objects("b")] == ["b"]
    assert len(cache.objects("")) == 2
