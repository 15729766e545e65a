"""What the chart allows, compared with what the code says that it needs."""

from collections.abc import Iterable
from typing import Any

import pytest

from support.chart import LOCAL, NAMESPACE, VALUES, Rendered, render
from trimtab_operator.cluster.resources import MONITOR_RBAC, RBAC, Rule, Scope

Grant = tuple[str, str, str]
FORBIDDEN = {"secrets", "serviceaccounts", "serviceaccounts/token", "pods/exec", "nodes", "*"}


def _grants(rules: Iterable[dict[str, Any]]) -> set[Grant]:
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _needed(scope: Scope, rules: Iterable[Rule] = RBAC) -> set[Grant]:
    return {
        (rule.group, rule.resource, verb)
        for rule in rules
        if rule.scope is scope
        for verb in rule.verbs
    }


def _roles(rendered: Rendered) -> list[dict[str, Any]]:
    return [*rendered.of_kind("Role"), *rendered.of_kind("ClusterRole")]


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_nobody_may_read_secrets_or_everything(values: tuple[str, ...]) -> None:
    for role in _roles(render(*values)):
        grants = _grants(role["rules"])
        assert not {resource for _, resource, _ in grants} & FORBIDDEN, role["metadata"]["name"]
        assert not {"*"} & {part for grant in grants for part in grant}, role["metadata"]["name"]


def test_cluster_scope_allows_what_the_code_needs_and_no_more() -> None:
    rendered = render()
    role = rendered.one("ClusterRole", "trimtab-operator")
    assert _grants(role["rules"]) == _needed(Scope.WATCHED)
    assert _grants(rendered.one("Role", "trimtab-lease")["rules"]) == _needed(Scope.OWN)
    assert rendered.one("Role", "trimtab-lease")["metadata"]["namespace"] == NAMESPACE


def test_the_monitor_may_do_what_it_needs_and_no_more() -> None:
    rendered = render()
    watched, own = (_needed(scope, MONITOR_RBAC) for scope in (Scope.WATCHED, Scope.OWN))
    assert _grants(rendered.one("ClusterRole", "trimtab-monitor")["rules"]) == watched
    assert _grants(rendered.one("Role", "trimtab-monitor-lease")["rules"]) == own
    for kind, name in (
        ("ClusterRoleBinding", "trimtab-monitor"),
        ("RoleBinding", "trimtab-monitor-lease"),
    ):
        (subject,) = rendered.one(kind, name)["subjects"]
        assert (subject["name"], subject["namespace"]) == ("trimtab-monitor", NAMESPACE)


def test_namespace_scope_needs_no_cluster_role() -> None:
    rendered = render(*VALUES["namespaces"], "--set", "rbac.aggregate=false")
    assert rendered.of_kind("ClusterRole") == rendered.of_kind("ClusterRoleBinding") == []
    roles = [r for r in rendered.of_kind("Role") if r["metadata"]["name"] == "trimtab-operator"]
    assert [role["metadata"]["namespace"] for role in roles] == ["a", "b"]
    for role in roles:
        assert _grants(role["rules"]) == _needed(Scope.WATCHED)
    watching = [r for r in rendered.of_kind("Role") if r["metadata"]["name"] == "trimtab-monitor"]
    assert [role["metadata"]["namespace"] for role in watching] == ["a", "b"]


def test_bindings_name_the_operators_account() -> None:
    rendered = render("--set", "serviceAccount.name=watcher")
    bindings = [*rendered.of_kind("ClusterRoleBinding"), *rendered.of_kind("RoleBinding")]
    accounts = {
        (binding["metadata"]["name"], subject["name"], subject["namespace"])
        for binding in bindings
        for subject in binding["subjects"]
    }
    assert ("trimtab-operator", "watcher", NAMESPACE) in accounts
    assert ("trimtab-lease", "watcher", NAMESPACE) in accounts


def test_people_may_ask_for_runs_but_not_write_them() -> None:
    rendered = render()
    view, edit = (rendered.one("ClusterRole", f"trimtab-{name}") for name in ("view", "edit"))
    assert {verb for _, _, verb in _grants(view["rules"])} == {"get", "list", "watch"}
    assert ("trimtab.dev", "pipelines", "patch") in _grants(edit["rules"])
    on_runs = {verb for _, resource, verb in _grants(edit["rules"]) if resource == "pipelineruns"}
    assert on_runs == {"delete"}


def test_nothing_is_created_for_people_or_operator_when_told_so() -> None:
    off = "rbac.create=false,rbac.aggregate=false,serviceAccount.create=false"
    off += ",monitor.serviceAccount.create=false"
    rendered = render(*LOCAL, "--set", off + ",podSecurity.labelNamespace=false")
    assert _roles(rendered) == rendered.of_kind("ServiceAccount") == []
