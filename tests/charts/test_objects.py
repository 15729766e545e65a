"""Names, labels, images, definitions and policies of what the chart creates."""

from typing import Any

import pytest

from demo.installation import images_and_storage
from support.chart import CHART, LOCAL, VALUES, render
from trimtab_operator.api.kinds import KINDS

WANTED_LABELS = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_objects_carry_the_standard_labels(values: tuple[str, ...]) -> None:
    for item in render(*values).manifests:
        if item["kind"] != "CustomResourceDefinition":
            found = set(item["metadata"]["labels"])
            assert found >= WANTED_LABELS, f"{item['kind']}/{item['metadata']['name']}"


def test_definitions_are_installed_and_kept_by_default() -> None:
    found = render().of_kind("CustomResourceDefinition")
    assert {item["metadata"]["name"] for item in found} == {kind.crd_name for kind in KINDS}
    for item in found:
        assert item["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_definitions_can_be_given_up_or_left_out() -> None:
    for item in render("--set", "crds.keep=false").of_kind("CustomResourceDefinition"):
        assert "helm.sh/resource-policy" not in item["metadata"].get("annotations", {})
    assert render("--set", "crds.enabled=false").of_kind("CustomResourceDefinition") == []


def _images(values: str) -> set[str]:
    pods = render(*LOCAL, "--set", values).pods()
    specs: list[dict[str, Any]] = [pod["spec"] for _, pod in pods]
    return {
        container["image"]
        for spec in specs
        for container in [*spec.get("initContainers", []), *spec["containers"]]
    }


def test_images_follow_registry_and_tag() -> None:
    assert _images("images.registry=r.example/x,images.tag=v2") == {
        "r.example/x/trimtab-operator:v2",
        "r.example/x/trimtab-monitor:v2",
        "r.example/x/trimtab-s3:v2",
    }


def test_the_demo_installs_from_a_registry_that_is_named() -> None:
    arguments = images_and_storage({"IMAGE_REGISTRY": "r.example/x/"})
    rendered = render(*arguments)
    containers = [c for _, pod in rendered.pods() for c in pod["spec"]["containers"]]
    assert {c["image"].rsplit("/", 1)[0] for c in containers} == {"r.example/x"}
    assert {c["imagePullPolicy"] for c in containers} == {"Always"}
    claims = rendered.one("StatefulSet", "trimtab-s3")["spec"]["volumeClaimTemplates"]
    assert "storageClassName" not in claims[0]["spec"]


def test_an_image_can_be_named_whole() -> None:
    digest = "r.example/op@sha256:" + "a" * 64
    assert digest in _images(f"images.operator={digest}")


def test_two_releases_do_not_share_names() -> None:
    first = {_key(item) for item in render("--set", "crds.enabled=false").manifests}
    other = render("--set", "crds.enabled=false,nameOverride=second").manifests
    assert not first & {_key(item) for item in other}


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def test_policies_are_off_by_default() -> None:
    assert render(*LOCAL).of_kind("NetworkPolicy") == []


def test_policies_select_the_pods_that_they_are_for() -> None:
    rendered = render(*VALUES["policies"])
    labels = [pod["metadata"]["labels"] for _, pod in rendered.pods()]
    own = [
        p for p in rendered.of_kind("NetworkPolicy") if p["metadata"]["namespace"] not in "demo-b"
    ]
    assert {policy["metadata"]["name"] for policy in own} == {
        "trimtab-operator",
        "trimtab-monitor",
        "trimtab-s3",
    }
    for policy in own:
        wanted = policy["spec"]["podSelector"]["matchLabels"].items()
        assert [found for found in labels if wanted <= found.items()]


def test_every_tenant_gets_policies_for_stages_and_servers() -> None:
    policies = render(*VALUES["policies"]).of_kind("NetworkPolicy")
    found = {(p["metadata"]["namespace"], p["metadata"]["name"]) for p in policies}
    for namespace in ("demo", "demo-b"):
        assert {(namespace, "trimtab-stages"), (namespace, "trimtab-servers")} <= found


def test_examples_are_not_packaged_with_local_values() -> None:
    ignored = (CHART / ".helmignore").read_text().split()
    assert {"examples/", "values-*.yaml"} <= set(ignored)
