"""What is read from the machine: mounts, capabilities, packages, ports, Go, mirrors."""

from pathlib import Path

import pytest

from localcluster import baseimage, changes, leftovers, network, packages, preflight, toolchain
from localcluster.settings import TOOLS

MOUNTS = """\
25 1 254:0 / / rw,relatime - ext4 /dev/vda rw
26 25 0:5 / /proc rw shared:7 - proc proc rw
27 25 0:6 / /mnt/with\\040blank rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("point", "expected"),
    [("/", True), ("/proc", False), ("/mnt/with blank", True), ("/nowhere", False)],
)
def test_a_mount_is_private_if_it_has_no_peer_group(point: str, expected: bool) -> None:  # noqa: FBT001
    assert changes.is_private(point, MOUNTS) is expected


def test_the_mount_on_top_counts() -> None:
    covered = f"{MOUNTS}28 25 254:0 / / rw shared:1 - ext4 /dev/vda rw\n"
    assert not changes.is_private("/", covered)


def test_mount_points_are_unescaped() -> None:
    assert changes.mount_points(MOUNTS) == ["/", "/proc", "/mnt/with blank"]


@pytest.mark.parametrize(
    ("point", "expected"),
    [("/state/kubelet/pods/x", True), ("/state/kubelet", True), ("/state/kubelet2", False)],
)
def test_below(point: str, expected: bool) -> None:  # noqa: FBT001
    assert leftovers.below(point, [Path("/other"), Path("/state/kubelet")]) is expected


@pytest.mark.parametrize(
    ("status", "missing"),
    [
        ("CapEff:\t000001ffffffffff\n", []),
        ("CapEff:\t00000000a80425fb\n", ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]),
        ("Name:\tsh\n", ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_MKNOD"]),
    ],
    ids=["root", "container", "unknown"],
)
def test_missing_capabilities_are_named(status: str, missing: list[str]) -> None:
    assert preflight.capabilities_missing(status) == missing


def test_missing_controllers_are_named() -> None:
    assert preflight.controllers_missing(["cpu", "io", "pids"]) == ["memory"]


def test_only_installed_packages_count() -> None:
    listing = "gcc installed\nnftables config-files\nopenssl not-installed\n"
    wanted = ["gcc", "nftables", "openssl", "kmod"]
    assert packages.missing_from(listing, wanted) == ["nftables", "openssl", "kmod"]


def test_the_holder_of_a_port_is_named() -> None:
    line = 'LISTEN 0 4096 *:6443 *:* users:(("kube-apiserver",pid=4711,fd=3))\n'
    assert network.parse_holder(line) == "kube-apiserver (process 4711)"
    assert network.parse_holder("") == "another process"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26)),
        ("go version go1.19.8 linux/amd64", (1, 19)),
        ("go version devel go1.27-abc linux/amd64", (1, 27)),
        ("", None),
    ],
)
def test_go_versions(text: str, version: tuple[int, int] | None) -> None:
    assert toolchain.parse_version(text) == version


def test_the_pinned_go_is_new_enough() -> None:
    pinned = toolchain.pinned_version((TOOLS / "go-toolchain.txt").read_text())
    parsed = toolchain.parse_version(f"go{pinned}")
    assert parsed is not None
    assert parsed >= toolchain.MINIMUM


BLOCKS = """\
Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BLOCKS, "http://mirror.example/debian"),
        ("deb [signed-by=/k] http://a.example/debian bookworm main\n", "http://a.example/debian"),
        ("deb http://b.example/debian bookworm main\n", "http://b.example/debian"),
        ("deb http://b.example/tools tools-bookworm main\n", ""),
    ],
    ids=["blocks", "line-with-options", "line", "other-suite"],
)
def test_the_machine_s_own_mirror_is_used(text: str, expected: str) -> None:
    assert baseimage.mirror([text], "bookworm") == expected


def test_a_machine_without_any_program_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {"masquerade", "bridge"} <= set(changes.pending())
