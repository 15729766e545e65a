"""Which programs are built from which Go modules, and with which flags."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from localcluster.settings import TOOLS, go_architecture

_KUBERNETES = "v1.36.3"
_CNI = "github.com/containernetworking/plugins/plugins"
_CONTAINERD = "github.com/containerd/containerd/v2"


@dataclass(frozen=True)
class ToolGroup:
    """One go.mod and the programs it pins.

    Groups keep apart modules whose requirements would pull each other's versions up.
    """

    name: str
    packages: tuple[str, ...]
    tags: str = ""
    ldflags: str = ""
    cgo: bool = False
    # Where the go.mod is, if two groups share one.
    folder: str = ""
    # The program's name, where the last part of its import path is not it.
    program: str = ""

    @property
    def source(self) -> Path:
        """The folder that holds go.mod and go.sum."""
        return TOOLS / (self.folder or self.name)

    @property
    def binaries(self) -> tuple[str, ...]:
        """The names of the programs this group builds."""
        if self.program:
            return (self.program,)
        return tuple(package.rsplit("/", 1)[-1] for package in self.packages)

    def build_arguments(self) -> list[str]:
        """Return the arguments of ``go build`` that decide what comes out."""
        arguments = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {self.ldflags}".rstrip()]
        return [*arguments, "-tags", self.tags] if self.tags else arguments

    def key(self) -> str:
        """Return the cache key: the hash of everything that pins the binaries."""
        digest = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            digest.update((self.source / name).read_bytes())
        flags = [*self.build_arguments(), *self.packages, f"cgo={self.cgo}", go_architecture()]
        digest.update("\0".join(flags).encode())
        return digest.hexdigest()[:16]


def _kubernetes_version() -> str:
    # Without these the kubelet reports v0.0.0, and the scheduler and Helm charts act on it.
    major, minor = _KUBERNETES.removeprefix("v").split(".")[:2]
    values = {
        "gitVersion": _KUBERNETES,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    return " ".join(
        f"-X {package}.{name}={value}"
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for name, value in values.items()
    )


KUBERNETES = ToolGroup(
    name="kubernetes",
    packages=tuple(
        f"k8s.io/kubernetes/cmd/{command}"
        for command in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        )
    ),
    ldflags=_kubernetes_version(),
)
CONTAINERD = ToolGroup(
    name="containerd",
    packages=(
        f"{_CONTAINERD}/cmd/containerd",
        f"{_CONTAINERD}/cmd/containerd-shim-runc-v2",
        f"{_CONTAINERD}/cmd/ctr",
        f"{_CNI}/main/bridge",
        f"{_CNI}/main/loopback",
        f"{_CNI}/ipam/host-local",
        f"{_CNI}/meta/portmap",
    ),
    tags="no_btrfs no_devmapper no_zfs no_aufs",
    ldflags=f"-X {_CONTAINERD}/version.Version=v2.4.2",
)
# The only program that needs C: its seccomp filters are made by libseccomp.
RUNC = ToolGroup(
    name="runc",
    packages=("github.com/opencontainers/runc",),
    tags="seccomp",
    cgo=True,
    folder="containerd",
)
ETCD = ToolGroup(name="etcd", packages=("go.etcd.io/etcd/server/v3",), program="etcd")
COREDNS = ToolGroup(name="coredns", packages=("github.com/coredns/coredns",))
HELM = ToolGroup(
    name="helm",
    packages=("helm.sh/helm/v4/cmd/helm",),
    ldflags="-X helm.sh/helm/v4/internal/version.version=v4.3.1",
)
VERSITYGW = ToolGroup(
    name="versitygw",
    packages=("github.com/versity/versitygw/cmd/versitygw",),
    ldflags="-X main.Version=v1.8.0",
)

# The longest build first, so that the short ones fill the gaps beside it.
GROUPS = (KUBERNETES, COREDNS, HELM, CONTAINERD, VERSITYGW, ETCD, RUNC)
