"""Storage: what the chart writes is what the readers of it understand."""

import base64
import json
from pathlib import Path

import pytest
import yaml

from support.chart import EXTERNAL, LOCAL, Manifest, Rendered, RenderError, render
from trimtab_operator.monitor.settings import MonitorSettings
from trimtab_operator.settings import Settings, read_file, read_settings
from trimtab_stages.store.directory import read_settings as read_store

CREDENTIALS = Path("/etc/trimtab/storage")
ENDPOINT = "http://trimtab-s3.trimtab-system.svc:7070"


@pytest.fixture(scope="module")
def local() -> Rendered:
    return render(*LOCAL)


def _settings(rendered: Rendered, folder: Path) -> Settings:
    text = rendered.one("ConfigMap", "trimtab-settings")["data"]["settings.yaml"]
    (folder / "settings.yaml").write_text(text)
    return read_settings(folder / "settings.yaml")


def _tenant_secrets(rendered: Rendered) -> dict[str, Manifest]:
    secrets = rendered.of_kind("Secret")
    return {
        secret["metadata"]["namespace"]: secret["stringData"]
        for secret in secrets
        if secret["metadata"]["name"] == "trimtab-storage"
    }


def test_operator_reads_its_settings(local: Rendered, tmp_path: Path) -> None:
    settings = _settings(local, tmp_path)
    assert settings.images.train == "localhost/trimtab-train:dev"
    assert settings.image_pull_policy == "Never"
    assert settings.lease.namespace == "trimtab-system"
    assert settings.storage.endpoint == ENDPOINT
    assert settings.storage.bucket_of("demo") == "trimtab-demo"
    assert settings.namespaces == []


def test_every_setting_of_values_reaches_the_operator(tmp_path: Path) -> None:
    chosen = (
        "storage.region=eu-west-1,storage.buckets.a=mine,storage.prefix=t/{namespace},"
        "storage.auditBucket=log-book,storage.bucketTemplate=x-{namespace},"
        "operator.workers=7,operator.resyncSeconds=60,operator.codeVersion=abc,"
        "scope=namespaces,namespaces={a,b},storage.tenantSecret=keys,nameOverride=tt"
    )
    settings = _settings_of(render(*EXTERNAL, "--set", chosen), tmp_path, "tt-settings")
    storage = settings.storage
    assert (storage.endpoint, storage.region) == ("https://s3.example.com", "eu-west-1")
    assert (storage.bucket_of("a"), storage.bucket_of("b")) == ("mine", "x-b")
    assert (storage.prefix, storage.audit_bucket) == ("t/{namespace}", "log-book")
    assert storage.credentials_dir == Path("/etc/trimtab/storage")
    assert (settings.workers, settings.resync_seconds) == (7, 60)
    assert (settings.code_version, settings.storage_secret) == ("abc", "keys")
    assert settings.namespaces == ["a", "b"]


def _settings_of(rendered: Rendered, folder: Path, name: str) -> Settings:
    text = rendered.one("ConfigMap", name)["data"]["settings.yaml"]
    (folder / "settings.yaml").write_text(text)
    return read_settings(folder / "settings.yaml")


def test_every_setting_of_values_reaches_the_monitor(tmp_path: Path) -> None:
    chosen = (
        "storage.region=eu-west-1,storage.buckets.a=mine,storage.prefix=t/{namespace},"
        "storage.bucketTemplate=x-{namespace},monitor.pollSeconds=9,monitor.workers=3,"
        "storage.monitorCredentialsSecret=watch,scope=namespaces,namespaces={a,b},nameOverride=tt"
    )
    rendered = render(*EXTERNAL, "--set", chosen)
    path = tmp_path / "settings.yaml"
    path.write_text(rendered.one("ConfigMap", "tt-monitor-settings")["data"]["settings.yaml"])
    settings = read_file(path, MonitorSettings)
    storage = settings.storage
    assert (storage.endpoint, storage.region) == ("https://s3.example.com", "eu-west-1")
    assert (storage.bucket_of("a"), storage.bucket_of("b")) == ("mine", "x-b")
    assert (storage.prefix, storage.credentials_dir) == ("t/{namespace}", CREDENTIALS)
    assert (settings.poll_seconds, settings.workers) == (9, 3)
    assert (settings.lease.name, settings.namespaces) == ("tt-monitor", ["a", "b"])
    pod = rendered.one("Deployment", "tt-monitor")["spec"]["template"]["spec"]
    assert {"name": "storage", "secret": {"secretName": "watch"}} in pod["volumes"]


def test_stages_read_the_tenants_secret(local: Rendered, tmp_path: Path) -> None:
    secrets = _tenant_secrets(local)
    assert set(secrets) == {"demo", "demo-b"}
    for name, value in secrets["demo"].items():
        (tmp_path / name).write_text(value)
    found = read_store(tmp_path).s3
    assert found is not None
    assert (found.endpoint, found.bucket) == (ENDPOINT, "trimtab-demo")
    assert found.access_key_id == "tenant-demo"


def test_every_account_has_one_secret_key_of_its_own(local: Rendered) -> None:
    kept = local.one("Secret", "trimtab-s3-accounts")["data"]
    keys = {name: base64.b64decode(value).decode() for name, value in kept.items()}
    assert set(keys) == {"root", "operator", "monitor", "tenant-demo", "tenant-demo-b"}
    assert len(set(keys.values())) == len(keys)
    tenants = _tenant_secrets(local)
    assert tenants["demo"]["secretAccessKey"] == keys["tenant-demo"]
    operator = local.one("Secret", "trimtab-operator-storage")["stringData"]
    assert (operator["accessKeyId"], operator["secretAccessKey"]) == ("operator", keys["operator"])
    monitor = local.one("Secret", "trimtab-monitor-storage")["stringData"]
    assert (monitor["accessKeyId"], monitor["secretAccessKey"]) == ("monitor", keys["monitor"])


def test_plan_keeps_tenants_apart(local: Rendered) -> None:
    plan = json.loads(local.one("ConfigMap", "trimtab-s3-setup")["data"]["plan.json"])
    buckets = {bucket.pop("name"): bucket for bucket in plan["buckets"]}
    watching = {"readers": ["operator", "monitor"], "reporters": ["monitor"]}
    assert buckets["trimtab-demo"] == {"writers": ["tenant-demo"], **watching}
    assert buckets["trimtab-demo-b"] == {"writers": ["tenant-demo-b"], **watching}
    assert buckets["trimtab-audit"] == {"appenders": ["operator"]}


def test_created_namespaces_enforce_the_standard_and_stay(local: Rendered) -> None:
    for namespace in local.of_kind("Namespace"):
        labels, notes = namespace["metadata"]["labels"], namespace["metadata"]["annotations"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        assert notes["helm.sh/resource-policy"] == "keep"
    assert [n["metadata"]["name"] for n in local.of_kind("Namespace")] == ["demo", "demo-b"]


def test_a_store_of_ones_own_brings_no_secret_and_no_server() -> None:
    rendered = render(*EXTERNAL)
    assert rendered.of_kind("Secret") == rendered.of_kind("StatefulSet") == []
    pod = rendered.one("Deployment", "trimtab-operator")["spec"]["template"]["spec"]
    assert {"name": "storage", "secret": {"secretName": "mine"}} in pod["volumes"]
    pod = rendered.one("Deployment", "trimtab-monitor")["spec"]["template"]["spec"]
    assert {"name": "storage", "secret": {"secretName": "mine"}} in pod["volumes"]


def test_without_credentials_the_platforms_identity_is_used(tmp_path: Path) -> None:
    rendered = render()
    settings = yaml.safe_load(
        rendered.one("ConfigMap", "trimtab-settings")["data"]["settings.yaml"]
    )
    assert "credentialsDir" not in settings["storage"]
    assert "endpoint" not in settings["storage"]
    assert _settings(rendered, tmp_path).storage.endpoint is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param("storage.tenants[0].namespace=a", "embedded.enabled=true", id="tenants"),
        pytest.param(
            "storage.embedded.enabled=true,storage.endpoint=http://x", "storage.endpoint", id="two"
        ),
        pytest.param(
            "storage.embedded.enabled=true,storage.prefix=p", "storage.prefix", id="prefix"
        ),
        pytest.param(
            "storage.embedded.enabled=true,storage.monitorCredentialsSecret=s",
            "storage.monitorCredentialsSecret",
            id="monitor-secret",
        ),
        pytest.param("scope=namespaces", "namespaces is empty", id="no-namespace"),
        pytest.param("namespaces={a}", "scope=namespaces", id="unused-namespaces"),
    ],
)
def test_values_that_would_be_ignored_are_refused(values: str, words: str) -> None:
    with pytest.raises(RenderError, match=words):
        render("--set", values)
