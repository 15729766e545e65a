"""The chart's alert rules and its dashboard, and which series they ask for."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from support.chart import CHART, ROOT

RULES = CHART / "files" / "rules.yaml"
DASHBOARD = CHART / "files" / "dashboard.json"
RUNBOOKS = ROOT / ".github" / "runbooks"
CASES = ROOT / "tests" / "prometheus"

_SELECTOR = re.compile(r"((?:\w+:)?trimtab_\w+(?::\w+)?)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|on|without)\s*\(([^)]*)\)")

Rule = dict[str, Any]


def rules() -> list[Rule]:
    """Return every rule, recording and alerting, in order."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, Rule]:
    """Return the alert rules by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded() -> dict[str, str]:
    """Return the expressions of recorded series by their name."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard that show something."""
    dashboard = json.loads(DASHBOARD.read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(panel: dict[str, Any]) -> list[str]:
    """Return a panel's queries for all namespaces and Models."""
    written = [str(target["expr"]) for target in panel["targets"]]
    return [one.replace("$namespace", ".*").replace("$model", ".*") for one in written]


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every series of Trimtab that an expression names, with the labels it matches on."""
    for name, matchers in _SELECTOR.findall(expression):
        yield name, set(_MATCHER.findall(re.sub(r'"[^"]*"', '""', matchers)))


def grouped(expression: str) -> set[str]:
    """Return the labels that an expression aggregates or joins by."""
    lists = _GROUPING.findall(expression)
    return {name.strip() for found in lists for name in found.split(",") if name.strip()}
