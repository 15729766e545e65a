"""Every alert says what is needed, has a runbook, and is proved firing and not firing."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from support.alerting import CASES, RUNBOOKS, alerts
from trimtab_operator.cli.app import app
from trimtab_operator.cluster.lease import AUDIT_HEAD
from trimtab_operator.manifests import labels

ALERTS = alerts()
EACH = pytest.mark.parametrize("alert", ALERTS)
LABEL = re.compile(r"\$labels\.(\w+)")
SECTIONS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]


@cache
def cases() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text()) for path in sorted(CASES.glob("*.yaml"))]
    return [case for file in files for case in file["tests"]]


def expectations(alert: str) -> list[list[dict[str, Any]]]:
    """Return what is expected of an alert, one list of samples a moment."""
    return [
        moment["exp_samples"]
        for case in cases()
        if case["name"] == alert
        for moment in case["promql_expr_test"]
        if f'"{alert}"' in moment["expr"]
    ]


@EACH
def test_an_alert_says_what_is_needed(alert: str) -> None:
    rule = ALERTS[alert]
    assert re.fullmatch(r"Trimtab([A-Z][a-z]+)+", alert)
    assert re.fullmatch(r"\d+(s|m)", rule["for"])
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f".github/runbooks/{alert}.md"


@EACH
def test_an_alert_is_proved_firing_and_not_firing(alert: str) -> None:
    found = expectations(alert)
    assert [] in found
    assert [samples for samples in found if samples]


@EACH
def test_an_alert_names_only_labels_that_it_has(alert: str) -> None:
    used = set(LABEL.findall(str(ALERTS[alert]["annotations"])))
    for sample in (one for samples in expectations(alert) for one in samples):
        assert used <= set(re.findall(r"(\w+)=", sample["labels"]))
        assert f'severity="{ALERTS[alert]["labels"]["severity"]}"' in sample["labels"]


@EACH
def test_an_alert_has_a_runbook(alert: str) -> None:
    page = (RUNBOOKS / f"{alert}.md").read_text()
    lines = page.splitlines()
    assert lines[0] == f"# {alert}"
    assert [line for line in lines if line.startswith("## ")] == SECTIONS
    assert "kubectl" in page


def texts() -> dict[str, str]:
    """Return everything that tells people what to type: runbooks and annotations."""
    pages = {path.stem: path.read_text() for path in RUNBOOKS.glob("*.md")}
    return {name: f"{pages[name]} {rule['annotations']}" for name, rule in ALERTS.items()}


@EACH
def test_commands_and_annotations_exist(alert: str) -> None:
    text = texts()[alert]
    commands = {one.name for one in app.registered_commands}
    commands |= {one.name for one in app.registered_groups}
    assert set(re.findall(r"(?:`|\n|kubectl )trimtab (\w+)", text)) <= commands
    keys = {value for value in vars(labels).values() if isinstance(value, str)} | {AUDIT_HEAD}
    assert set(re.findall(r"trimtab\.dev/[\w-]+", text)) <= keys


def test_no_runbook_is_left_over() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(ALERTS)
