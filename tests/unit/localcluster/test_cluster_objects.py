"""Services, certificates, objects and packets: built as text, so read as text."""

import io
import json
import struct
import tarfile
from pathlib import Path
from typing import Any

import pytest

from localcluster import images, manifests, node, pause, pki, probes, runtime, transfer
from localcluster.services import STOP_ORDER, services
from localcluster.settings import PAUSE_IMAGE, Settings

SETTINGS = Settings(cache=Path("/cache"), state=Path("/state"))


def test_every_process_that_starts_also_stops() -> None:
    names = [service.name for service in services(SETTINGS, "192.0.2.1")]
    assert sorted(names) == sorted(STOP_ORDER)
    assert names.index("etcd") < names.index("kube-apiserver") < names.index("kubelet")


def test_the_api_server_stops_before_etcd_and_the_kubelet_before_all() -> None:
    assert STOP_ORDER[0] == "kubelet"
    assert STOP_ORDER.index("kube-apiserver") < STOP_ORDER.index("etcd")


def test_ports_are_used_once() -> None:
    ports = [port for service in services(SETTINGS, "192.0.2.1") for port in service.ports]
    assert len(ports) == len(set(ports))


def test_certificates_name_the_node_and_their_use() -> None:
    found = {one.name: one for one in pki.certificates("192.0.2.7")}
    assert "IP:192.0.2.7" in found["apiserver"].extensions()
    assert "IP:10.96.0.1" in found["apiserver"].extensions()
    assert found["kubelet"].subject == "/O=system:nodes/CN=system:node:trimtab-local"
    assert "subjectAltName" not in found["scheduler"].extensions()
    assert set(pki.KUBECONFIGS) <= set(found)


def test_kubeconfig_names_existing_identities() -> None:
    document = json.loads(pki.kubeconfig(Path("/state/pki"), "admin"))
    assert document["users"][0]["user"]["client-key"] == "/state/pki/admin.key"
    assert document["current-context"] == document["contexts"][0]["name"]


def _volume(number: int, *, claimed: bool) -> dict[str, Any]:
    volume = manifests.persistent_volume(Path("/v"), number)
    if claimed:
        volume["spec"]["claimRef"] = {"name": "x"}
    return volume


@pytest.mark.parametrize(
    ("volumes", "expected"),
    [
        ([], [0, 1, 2]),
        ([_volume(0, claimed=False)], [1, 2]),
        ([_volume(0, claimed=True), _volume(2, claimed=False)], [1, 3]),
        ([_volume(number, claimed=False) for number in range(3)], []),
    ],
    ids=["none", "one-free", "a-gap", "enough"],
)
def test_the_pool_is_filled_up(volumes: list[dict[str, Any]], expected: list[int]) -> None:
    assert node.numbers_to_add(volumes, 3) == expected


def test_the_storage_class_is_the_default() -> None:
    (found,) = [one for one in manifests.cluster_objects() if one["kind"] == "StorageClass"]
    assert found["metadata"]["name"] == "trimtab-local"
    assert list(found["metadata"]["annotations"].values()) == ["true"]


def test_dns_question_and_answer() -> None:
    query = probes.dns_query("a.bc", 7)
    assert query[12:] == b"\x01a\x02bc\x00\x00\x01\x00\x01"
    answer = struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0)
    assert probes.dns_has_answer(answer, 7)
    assert not probes.dns_has_answer(answer, 8)
    assert not probes.dns_has_answer(struct.pack("!HHHHHH", 7, 0x8183, 1, 0, 0, 0), 7)
    assert not probes.dns_has_answer(b"short", 7)


def test_the_sandbox_image_is_one_program() -> None:
    packed = pause.image(b"program", PAUSE_IMAGE, "amd64")
    assert packed == pause.image(b"program", PAUSE_IMAGE, "amd64")
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest
        assert json.load(manifest)[0]["RepoTags"] == [PAUSE_IMAGE]
        layer = tar.extractfile("layer.tar")
        assert layer
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as inner:
            assert [(entry.name, entry.mode) for entry in inner] == [("pause", 0o755)]


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("server", "localhost/server:dev"),
        ("server:1", "localhost/server:1"),
        ("localhost/server", "localhost/server:dev"),
        ("localhost:5000/server", "localhost:5000/server:dev"),
    ],
)
def test_image_names_are_completed(short: str, full: str) -> None:
    assert images.full_name(short) == full


def test_the_streamed_index_names_the_image() -> None:
    index = {"schemaVersion": 2, "manifests": [{"digest": "sha256:1", "annotations": {"x": "y"}}]}
    (entry,) = transfer.named_index(index, "localhost/a:dev")["manifests"]
    assert entry["annotations"] == {"io.containerd.image.name": "localhost/a:dev"}
    assert entry["digest"] == "sha256:1"


LISTING = """\
REF TYPE DIGEST SIZE PLATFORMS LABELS
localhost/a:dev application/x sha256:new 1.0 MiB linux/amd64 -
sha256:one application/x sha256:new 1.0 MiB linux/amd64 -
sha256:two application/x sha256:old 1.0 MiB linux/amd64 -
"""


def test_only_references_without_a_name_are_dropped() -> None:
    assert runtime.replaced(LISTING) == ["sha256:two"]
    assert runtime.replaced("REF TYPE DIGEST\n") == []
