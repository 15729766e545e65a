"""What a Prometheus operator and Grafana's sidecar find, where they are asked to."""

import json
from typing import Any

import pytest
import yaml

from support.alerting import DASHBOARD, RULES
from support.chart import EXTERNAL, LOCAL, NAMESPACE, OBSERVED, VALUES, Rendered, render
from trimtab_operator.manifests import labels

KINDS = ("ServiceMonitor", "PodMonitor", "PrometheusRule")


def _observed(*arguments: str) -> Rendered:
    return render(*LOCAL, "--set", OBSERVED, *arguments)


@pytest.mark.parametrize("way", sorted(VALUES.keys() - {"observed"}))
def test_nothing_of_it_is_there_by_default(way: str) -> None:
    rendered = render(*VALUES[way])
    assert [rendered.of_kind(kind) for kind in KINDS] == [[], [], []]
    names = [item["metadata"]["name"] for item in rendered.of_kind("ConfigMap")]
    assert "trimtab-dashboard" not in names


@pytest.mark.parametrize("component", ["operator", "monitor"])
def test_a_service_monitor_selects_one_service_with_that_port(component: str) -> None:
    rendered = _observed()
    spec = rendered.one("ServiceMonitor", f"trimtab-{component}")["spec"]
    wanted = spec["selector"]["matchLabels"].items()
    services = [
        item for item in rendered.of_kind("Service") if wanted <= item["metadata"]["labels"].items()
    ]
    assert [item["metadata"]["name"] for item in services] == [f"trimtab-{component}"]
    (endpoint,) = spec["endpoints"]
    assert endpoint["port"] in {port["name"] for port in services[0]["spec"]["ports"]}
    assert endpoint["honorLabels"] is True
    assert "interval" not in endpoint


def test_servers_are_found_in_all_namespaces_and_cannot_speak_for_another() -> None:
    spec = _observed().one("PodMonitor", "trimtab-servers")["spec"]
    assert spec["namespaceSelector"] == {"any": True}
    assert spec["selector"]["matchLabels"].items() <= labels.server("bikes").items()
    (endpoint,) = spec["podMetricsEndpoints"]
    assert endpoint == {"port": "admin"}


def test_a_release_for_some_namespaces_looks_into_those() -> None:
    scope = "scope=namespaces,namespaces={a,b}"
    rendered = render(*EXTERNAL, "--set", f"{OBSERVED},{scope}")
    spec = rendered.one("PodMonitor", "trimtab-servers")["spec"]
    assert spec["namespaceSelector"] == {"matchNames": ["a", "b"]}


def test_a_release_without_a_monitor_scrapes_none() -> None:
    found = _observed("--set", "monitor.enabled=false").of_kind("ServiceMonitor")
    assert [item["metadata"]["name"] for item in found] == ["trimtab-operator"]


def test_labels_and_interval_are_those_that_a_prometheus_wants() -> None:
    extra = "metrics.serviceMonitor.labels.release=p,metrics.rules.labels.release=q"
    rendered = _observed("--set", f"{extra},metrics.serviceMonitor.interval=15s")
    found = {kind: rendered.of_kind(kind) for kind in KINDS}
    for kind, value in (("ServiceMonitor", "p"), ("PodMonitor", "p"), ("PrometheusRule", "q")):
        assert {item["metadata"]["labels"]["release"] for item in found[kind]} == {value}
    endpoints = [
        *(item["spec"]["endpoints"][0] for item in found["ServiceMonitor"]),
        *(item["spec"]["podMetricsEndpoints"][0] for item in found["PodMonitor"]),
    ]
    assert {endpoint["interval"] for endpoint in endpoints} == {"15s"}


def test_the_rules_are_those_of_the_file() -> None:
    spec = _observed().one("PrometheusRule", "trimtab")["spec"]
    assert spec == yaml.safe_load(RULES.read_text())


def test_runbooks_are_where_the_people_read_them() -> None:
    where = "metrics.rules.runbooks=https://wiki.example.com/trimtab/"
    groups = _observed("--set", where).one("PrometheusRule", "trimtab")["spec"]["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    for alert in alerts:
        page = f"https://wiki.example.com/trimtab/{alert['alert']}.md"
        assert alert["annotations"]["runbook_url"] == page


def test_the_dashboard_is_that_of_the_file_with_the_sidecars_label() -> None:
    found = _observed("--set", "metrics.dashboards.annotations.grafana_folder=Models")
    config = found.one("ConfigMap", "trimtab-dashboard")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config["metadata"]["annotations"] == {"grafana_folder": "Models"}
    assert json.loads(config["data"]["trimtab.json"]) == json.loads(DASHBOARD.read_text())


def _admin_sources(rendered: Rendered) -> list[Any]:
    rules = rendered.one("NetworkPolicy", "trimtab-servers")["spec"]["ingress"]
    (admin,) = [rule for rule in rules if {"protocol": "TCP", "port": 8081} in rule["ports"]]
    names = [one["namespaceSelector"]["matchLabels"] for one in admin["from"]]
    return [name["kubernetes.io/metadata.name"] for name in names]


def test_only_namespaces_that_are_named_read_the_servers_metrics() -> None:
    policies = ("--set", "networkPolicies.enabled=true")
    assert _admin_sources(_observed(*policies)) == [NAMESPACE]
    named = ("--set", "networkPolicies.metricsNamespaces={monitoring}")
    assert _admin_sources(_observed(*policies, *named)) == [NAMESPACE, "monitoring"]
