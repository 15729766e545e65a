"""Every pod that the chart starts, in every way of installing it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from support.chart import VALUES, render
from support.pod_security import TOKEN_PATH, tokens, violations

WITH_TOKEN = {
    "Deployment/trimtab-operator",
    "Deployment/trimtab-monitor",
    "Job/trimtab-namespace-label",
    "Pod/trimtab-test",
}

GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "main",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "resources": {"limits": {"memory": "64Mi"}},
        }
    ],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_pods_meet_the_restricted_standard(values: tuple[str, ...]) -> None:
    pods = dict(render(*values).pods())
    assert {"Deployment/trimtab-operator", "Deployment/trimtab-monitor"} <= set(pods)
    assert {name: violations(pod["spec"]) for name, pod in pods.items()} == {
        name: [] for name in pods
    }


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_only_who_talks_to_the_api_has_a_token(values: tuple[str, ...]) -> None:
    pods = render(*values).pods()
    with_token = {name for name, pod in pods if pod["spec"].get("automountServiceAccountToken", 1)}
    assert with_token == WITH_TOKEN


def test_settings_of_the_pods_reach_them() -> None:
    settings = (
        "operator.priorityClassName=high,operator.nodeSelector.disk=ssd,"
        "images.pullSecrets={registry},operator.podAnnotations.team=ml"
    )
    pod = render("--set", settings).one("Deployment", "trimtab-operator")["spec"]["template"]
    assert pod["spec"]["priorityClassName"] == "high"
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["metadata"]["annotations"]["team"] == "ml"


def test_settings_of_the_monitor_reach_its_pods() -> None:
    settings = (
        "monitor.replicas=2,monitor.priorityClassName=high,monitor.nodeSelector.disk=ssd,"
        "monitor.podAnnotations.team=ml,monitor.serviceAccount.name=watcher,"
        "images.monitor=r.example/watch:v1"
    )
    spec = render("--set", settings).one("Deployment", "trimtab-monitor")["spec"]
    pod = spec["template"]
    assert spec["replicas"] == 2
    assert pod["spec"]["priorityClassName"] == "high"
    assert pod["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert pod["spec"]["serviceAccountName"] == "watcher"
    assert pod["spec"]["containers"][0]["image"] == "r.example/watch:v1"
    assert pod["metadata"]["annotations"]["team"] == "ml"


def test_the_monitor_can_be_left_out() -> None:
    left = render("--set", "monitor.enabled=false").manifests
    assert [item for item in left if "monitor" in item["metadata"]["name"].split("-")] == []


def test_two_operators_never_run_at_once() -> None:
    spec = render().one("Deployment", "trimtab-operator")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_changed_settings_restart_the_operator() -> None:
    def checksum(*values: str) -> str:
        pod = render(*values).one("Deployment", "trimtab-operator")["spec"]["template"]
        return str(pod["metadata"]["annotations"]["checksum/settings"])

    assert checksum() == checksum()
    assert checksum() != checksum("--set", "operator.workers=5")


def test_an_upgrade_starts_what_was_built_last() -> None:
    def annotations(tag: str) -> dict[str, str]:
        operator = render("--set", f"images.tag={tag}").one("Deployment", "trimtab-operator")
        found: dict[str, str] = operator["spec"]["template"]["metadata"]["annotations"]
        return found

    assert annotations("dev")["trimtab.dev/revision"] == "1"
    assert "trimtab.dev/revision" not in annotations("v1")


def _change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    *way, last = path.split(".")

    def apply(spec: dict[str, Any]) -> None:
        place: Any = spec
        for step in way:
            place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
        place[last] = value

    return apply


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(_change("hostNetwork", value=True), "pod: hostNetwork", id="host-network"),
        pytest.param(
            _change("securityContext.runAsNonRoot", value=False),
            "pod: runAsNonRoot is not true",
            id="may-be-root",
        ),
        pytest.param(
            _change("securityContext.seccompProfile", {}), "pod: no seccomp profile", id="seccomp"
        ),
        pytest.param(
            _change("volumes", [{"name": "host", "hostPath": {"path": "/"}}]),
            "volume host: hostPath",
            id="host-path",
        ),
        pytest.param(
            _change("containers.0.securityContext.privileged", value=True),
            "main: privileged",
            id="privileged",
        ),
        pytest.param(
            _change("containers.0.securityContext.capabilities", {"drop": ["NET_RAW"]}),
            "main: does not drop ALL capabilities",
            id="capabilities",
        ),
        pytest.param(
            _change("containers.0.securityContext.runAsUser", 0), "main: runs as root", id="root"
        ),
        pytest.param(_change("containers.0.resources", {}), "main: no memory limit", id="limit"),
    ],
)
def test_the_checker_finds_a_fault(change: Callable[[dict[str, Any]], None], found: str) -> None:
    spec = deepcopy(GOOD)
    assert violations(spec) == []
    change(spec)
    assert violations(spec) == [found]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(_change("automountServiceAccountToken", value=True), "automount", id="asked"),
        pytest.param(
            _change("volumes", [{"name": "own", "projected": {}}]), "volume own", id="volume"
        ),
        pytest.param(
            _change("containers.0.volumeMounts", [{"mountPath": f"/var{TOKEN_PATH}"}]),
            f"/var{TOKEN_PATH}",
            id="mount",
        ),
    ],
)
def test_a_token_is_found(change: Callable[[dict[str, Any]], None], found: str) -> None:
    spec = deepcopy(GOOD)
    assert tokens(spec) == ["automount"], "it is the default"
    spec["automountServiceAccountToken"] = False
    assert tokens(spec) == []
    change(spec)
    assert tokens(spec) == [found]
