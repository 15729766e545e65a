"""The cache key: same pins, same key; any other pin or flag, another key."""

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from localcluster import toolgroups
from localcluster.toolgroups import GROUPS, KUBERNETES, ToolGroup


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToolGroup:
    shutil.copytree(KUBERNETES.source, tmp_path / "kubernetes")
    monkeypatch.setattr(toolgroups, "TOOLS", tmp_path)
    return KUBERNETES


def test_key_is_stable(group: ToolGroup) -> None:
    assert group.key() == group.key()
    assert re.fullmatch(r"[0-9a-f]{16}", group.key())


@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_key_follows_the_pins(group: ToolGroup, name: str) -> None:
    before = group.key()
    with (group.source / name).open("a") as pins:
        pins.write("// changed\n")
    assert group.key() != before


@pytest.mark.parametrize(
    "change", [{"tags": "x"}, {"ldflags": "-X a=b"}, {"cgo": True}, {"packages": ("k8s.io/x",)}]
)
def test_key_follows_the_flags(group: ToolGroup, change: dict[str, object]) -> None:
    assert dataclasses.replace(group, **change).key() != group.key()  # type: ignore[arg-type]


@pytest.mark.parametrize("one", GROUPS, ids=lambda one: one.name)
def test_every_program_is_pinned_as_a_tool(one: ToolGroup) -> None:
    pins = (one.source / "go.mod").read_text()
    for package in one.packages:
        assert re.search(rf"^(tool |\t){re.escape(package)}$", pins, re.MULTILINE), package
    assert (one.source / "go.sum").stat().st_size > 0


def test_no_two_groups_build_the_same_program() -> None:
    names = [name for one in GROUPS for name in one.binaries]
    assert len(names) == len(set(names))
    assert {"etcd", "kubectl", "helm", "versitygw", "runc", "ctr", "bridge"} <= set(names)


def test_kubernetes_states_the_version_that_its_module_pins() -> None:
    pinned = re.search(r"k8s\.io/kubernetes (v\S+)", (KUBERNETES.source / "go.mod").read_text())
    assert pinned
    assert f"gitVersion={pinned[1]}" in KUBERNETES.ldflags
