"""A second release beside the first: installed, tested, taken away, and installed again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.installation import CHART
from support.forwarded_store import forwarded_store
from support.kubectl import Kubectl, KubectlError

pytestmark = pytest.mark.e2e

SYSTEM, TENANT = "second-system", "second-tenant"
VALUES = f"""
crds: {{enabled: false}}
nameOverride: second
scope: namespaces
namespaces: [{TENANT}]
rbac: {{aggregate: false}}
storage:
  tenants: [{{namespace: {TENANT}, createNamespace: true}}]
"""


@pytest.fixture
def second(installed: list[str], tmp_path: Path) -> Iterator[Kubectl]:
    """Yield kubectl in the second release's namespace; everything of it is gone afterwards."""
    assert installed
    (tmp_path / "second.yaml").write_text(VALUES)
    kubectl = Kubectl(SYSTEM)
    _install(kubectl, tmp_path / "second.yaml")
    yield kubectl
    kubectl.helm("uninstall", "second", "--ignore-not-found")
    kubectl.run("delete", "namespace", SYSTEM, TENANT, "--wait=false")


def _install(kubectl: Kubectl, values: Path) -> None:
    files = ["-f", str(CHART / "values-local.yaml"), "-f", str(values)]
    wait = ["--create-namespace", "--wait", "--timeout", "5m"]
    kubectl.helm("upgrade", "--install", "second", str(CHART), *files, *wait)


def _secret(namespace: str) -> dict[str, str]:
    data: dict[str, str] = Kubectl(namespace).get("secret/trimtab-storage")["data"]
    return data


def test_a_release_can_go_and_come_back(second: Kubectl, tmp_path: Path) -> None:
    assert "Phase:          Succeeded" in second.helm("test", "second")
    account = _secret(TENANT)
    with forwarded_store(second, "second-s3", account) as store:
        store.put_if_absent("raw/kept.csv", b"kept")

    second.helm("uninstall", "second", "--wait")
    assert second.get("secrets")["items"][0]["metadata"]["name"] == "second-s3-accounts"
    with pytest.raises(KubectlError, match="NotFound"):
        _secret(TENANT)

    _install(second, tmp_path / "second.yaml")
    assert _secret(TENANT) == account
    with forwarded_store(second, "second-s3", account) as store:
        assert store.get("raw/kept.csv") == b"kept"
