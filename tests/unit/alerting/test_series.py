"""Whatever a rule or a panel asks for is exported, with the labels that it asks by."""

from pathlib import Path

import pytest

from support.alerting import grouped, panels, queries, recorded, rules, selected
from support.exported_metrics import exported, server_collector

OF_THE_TARGET = frozenset({"job", "instance", "namespace", "pod"})
"""Labels that every scraped series has."""
MADE = frozenset({"name"})
"""Made by `label_replace`."""

EXPRESSIONS = [
    *(
        pytest.param(str(rule["expr"]), id=rule.get("alert", rule.get("record")))
        for rule in rules()
    ),
    *(
        pytest.param(query, id=f"{panel['title']} {number}")
        for panel in panels()
        for number, query in enumerate(queries(panel))
    ),
]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, frozenset[str]]:
    found = exported(tmp_path_factory.mktemp("server"))
    return found | {name: frozenset(grouped(expr)) for name, expr in recorded().items()}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_series_exists_with_its_labels(
    expression: str, known: dict[str, frozenset[str]]
) -> None:
    wanted = dict(selected(expression))
    assert wanted or "ALERTS" in expression
    assert wanted.keys() <= known.keys()
    for name, labels in wanted.items():
        assert labels <= known[name] | OF_THE_TARGET, name
    available = frozenset().union(*(known[name] for name in wanted)) | OF_THE_TARGET | MADE
    assert grouped(expression) <= available


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        pytest.param("inference_requests", {"code": "inference"}, id="a failure"),
        pytest.param("observation_dropped_objects", {"kind": "pane"}, id="a lost pane"),
    ],
)
def test_a_servers_faults_are_counted_from_nought(
    tmp_path: Path, name: str, labels: dict[str, str]
) -> None:
    families = {one.name: one for one in server_collector(tmp_path, asked=True).collect()}
    samples = families[f"trimtab_{name}"].samples
    assert [one.value for one in samples if labels.items() <= one.labels.items()] == [0]
