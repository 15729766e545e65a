import re
from pathlib import Path

import pytest

from trimtab_operator.cluster.resources import BY_TYPE, JOBS, OWN_KINDS, PODS, RBAC
from trimtab_operator.settings import Settings

LOCK = Path(__file__).parents[3] / "requirements.lock"


def test_paths() -> None:
    assert PODS.path("ns") == "/api/v1/namespaces/ns/pods"
    assert PODS.path("") == "/api/v1/pods"
    assert JOBS.path("ns", "j") == "/apis/batch/v1/namespaces/ns/jobs/j"
    assert JOBS.path("ns", "j", "status") == "/apis/batch/v1/namespaces/ns/jobs/j/status"


@pytest.mark.parametrize("resource", BY_TYPE.values(), ids=lambda resource: resource.plural)
def test_every_resource_has_a_rule(resource: object) -> None:
    plural = getattr(resource, "plural", "")
    assert plural in {rule.resource for rule in RBAC}


@pytest.mark.parametrize("forbidden", ["secrets", "pods/exec", "serviceaccounts/token", "nodes"])
def test_nothing_dangerous_is_asked_for(forbidden: str) -> None:
    assert forbidden not in {rule.resource for rule in RBAC}
    assert all("*" not in rule.verbs and rule.resource != "*" for rule in RBAC)


def test_specs_are_never_written() -> None:
    users = {resource.plural for kind, resource in OWN_KINDS.items() if kind != "PipelineRun"}
    verbs = {verb for rule in RBAC if rule.resource in users for verb in rule.verbs}
    assert verbs == {"get", "list", "watch"}


def test_the_default_ray_version_is_the_locked_one() -> None:
    locked = re.search(r"^ray==([0-9.]+)", LOCK.read_text(), re.MULTILINE)
    assert locked is not None
    assert Settings.model_fields["ray_version"].default == locked[1]
