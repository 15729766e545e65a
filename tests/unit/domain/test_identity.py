"""Identities: the same cause has the same id, everything that matters changes it."""

import re
from typing import Any

import pytest

from support.decided import CAPTURE
from support.worlds import NOW, condition, dataset, later, pipeline
from trimtab_operator.domain.identity import ingest_id, run_name, trigger_id
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.run import TriggerType


def test_looking_twice_gives_the_same_ingest() -> None:
    assert ingest_id(dataset(), NOW) == ingest_id(dataset(), later(86_400))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        pytest.param({"split": {"test": "0.3"}}, False, id="an edited rule starts an ingest"),
        pytest.param({"source": {"uri": "raw/new.csv"}}, False, id="another source starts one"),
        pytest.param({"source": CAPTURE}, False, id="captured rows to take in start one"),
        pytest.param(
            {"annotations": {"trimtab.dev/refresh-requested": "1"}},
            False,
            id="a request starts one",
        ),
        pytest.param({"annotations": {"team": "bikes"}}, True, id="a note starts none"),
        pytest.param({"compute": {"memory": "8Gi"}}, True, id="other pods start none"),
        pytest.param({"freshForSeconds": 600}, True, id="a freshness limit starts none"),
        pytest.param({"refreshSeconds": 7200}, True, id="a first period that has not passed"),
        pytest.param({"refreshSeconds": 1800}, False, id="a period that has passed"),
        pytest.param({"generation": 7}, True, id="a new generation alone starts none"),
    ],
)
def test_what_starts_an_ingest(change: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - a table's column
    assert (ingest_id(dataset(**change), NOW) == ingest_id(dataset(), NOW)) is same


CAPTURED = CapturePlan.model_validate(
    {"model": "bikes", "policy": "SinceLastSnapshot", "through": NOW}
)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        pytest.param({}, True, id="the same decision starts none"),
        pytest.param({"through": later(86_400)}, False, id="a later decision starts one"),
        pytest.param(
            {"excluded": [{"start": later(-60), "end": NOW}]}, False, id="other rows left out"
        ),
    ],
)
def test_what_starts_an_ingest_of_captured_rows(changes: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - a table's column
    changed = CapturePlan.model_validate(CAPTURED.to_wire() | changes)
    first = ingest_id(dataset(), NOW, CAPTURED)
    assert (ingest_id(dataset(), later(60), changed) == first) is same
    assert first != ingest_id(dataset(), NOW)
    assert first.partition("-")[0] == ingest_id(dataset(), NOW).partition("-")[0]


def test_an_ingest_at_work_keeps_its_id_over_a_decision() -> None:
    first = ingest_id(dataset(), NOW)
    status = {"ingestId": first, "conditions": [condition("Reconciling")]}

    assert ingest_id(dataset(status), NOW, CAPTURED) == first
    assert ingest_id(dataset({"ingestId": first}), NOW, CAPTURED) != first


def test_an_ingest_at_work_keeps_its_id_over_a_refresh() -> None:
    first = ingest_id(dataset(refreshSeconds=60), NOW)
    status = {"ingestId": first, "conditions": [condition("Reconciling")]}

    assert ingest_id(dataset(status, refreshSeconds=60), later(600)) == first
    assert ingest_id(dataset({"ingestId": first}, refreshSeconds=60), later(600)) != first


def test_an_ingest_at_work_loses_its_id_to_edited_rules() -> None:
    first = ingest_id(dataset(), NOW)
    status = {"ingestId": first, "conditions": [condition("Reconciling")]}

    assert ingest_id(dataset(status, split={"test": "0.3"}), NOW) != first


def test_causes_of_different_kinds_differ() -> None:
    ids = {trigger_id(pipeline(), kind, "x") for kind in TriggerType}

    assert len(ids) == len(TriggerType)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("bikes", "bikes-0123456789", id="a short name is kept"),
        pytest.param(
            "7days", "t-7days-1d21f0-0123456789", id="a digit at the start gets a letter and a hash"
        ),
        pytest.param("b" * 36, f"{'b' * 36}-0123456789", id="the longest that is kept"),
        pytest.param("b" * 37, f"{'b' * 29}-ecf7e0-0123456789", id="a longer one ends in a hash"),
        pytest.param(
            "b" * 28 + "-" + "c" * 34, f"{'b' * 28}-724459-0123456789", id="never two hyphens"
        ),
    ],
)
def test_names_of_runs(name: str, expected: str) -> None:
    found = run_name(name, "0123456789abcdef")

    assert len(found) <= 47
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", found)
    assert found == expected


def test_long_names_with_one_beginning_stay_apart() -> None:
    assert run_name("b" * 60, "0123456789") != run_name("b" * 61, "0123456789")
