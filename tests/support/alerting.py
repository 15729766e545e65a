"""The chart's alert rules and its dashboard, and which series they ask for."""

import json
import re
from collections.abc import Iterator, Mapping
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
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")

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


def variables() -> dict[str, tuple[str, str]]:
    """Return the series and the label that each of the dashboard's variables offers values of."""
    written = json.loads(DASHBOARD.read_text())["templating"]["list"]
    found = {one["name"]: one["query"]["query"] for one in written if one["type"] == "query"}
    return {name: _label_values(query) for name, query in found.items()}


def _label_values(query: str) -> tuple[str, str]:
    found = _LABEL_VALUES.fullmatch(query)
    if found is None:
        raise ValueError(f"a variable asks by no `label_values(series, label)`: {query}")
    return found[1], found[2]


def filled(expression: str, chosen: Mapping[str, str]) -> str:
    """Return an expression with its variables as Grafana fills them in.

    Args:
        expression: of the dashboard.
        chosen: what is chosen of each variable: one name of Kubernetes, or a regular expression.

    Raises:
        KeyError: of one of its variables nothing is chosen.
    """
    return _VARIABLE.sub(lambda found: chosen[found[1]], expression)


def queries(panel: Mapping[str, Any]) -> list[str]:
    """Return a panel's queries as they are written."""
    return [str(target["expr"]) for target in panel["targets"]]


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every series of Trimtab that an expression names, with the labels it matches on."""
    for name, matchers in _SELECTOR.findall(expression):
        yield name, set(_MATCHER.findall(re.sub(r'"[^"]*"', '""', matchers)))


def grouped(expression: str) -> set[str]:
    """Return the labels that an expression aggregates or joins by."""
    lists = _GROUPING.findall(expression)
    return {name.strip() for found in lists for name in found.split(",") if name.strip()}
