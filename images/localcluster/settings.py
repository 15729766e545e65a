"""Where things are and how they are addressed; everything else receives this object."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NODE_NAME = "trimtab-local"
POD_CIDR = "10.244.0.0/16"
NODE_POD_CIDR = "10.244.0.0/24"
BRIDGE = "cni0"
CNI_NETWORK = "trimtab"
# The bridge's own address. CoreDNS answers here, so it must exist before the first pod does.
BRIDGE_ADDRESS = "10.244.0.1"
SERVICE_CIDR = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
API_PORT = 6443
PAUSE_IMAGE = "localhost/pause:1"
STORAGE_CLASS = "trimtab-local"
# Pods of this project run as this user and must be able to write to the node's volumes.
NONROOT_ID = 65532
# What is in this environment variable names the state folder of the process that carries it.
MARK = "TRIMTAB_LOCALCLUSTER"

HERE = Path(__file__).resolve().parent
TOOLS = HERE / "tools"
BASE = HERE.parent / "base"


@dataclass(frozen=True)
class Settings:
    """The folders of one embedded cluster."""

    cache: Path
    state: Path

    @property
    def bin(self) -> Path:
        """Stable links to the newest built binaries."""
        return self.cache / "bin"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.state / "log"

    @property
    def run(self) -> Path:
        """Records of started processes and of changes made to the machine."""
        return self.state / "run"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.state / "pki"

    @property
    def conf(self) -> Path:
        """Configuration files of the processes."""
        return self.state / "conf"

    @property
    def volumes(self) -> Path:
        """The directories behind the node's persistent volumes."""
        return self.state / "volumes"

    @property
    def containerd_state(self) -> Path:
        """What containerd keeps while containers run; worthless after they are gone."""
        return self.state / "containerd" / "state"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd listens."""
        return self.state / "containerd" / "containerd.sock"

    @property
    def kubelet(self) -> Path:
        """The kubelet's root folder."""
        return self.state / "kubelet"

    def kubeconfig(self, who: str = "admin") -> Path:
        """Return the kubeconfig of one identity."""
        return self.state / f"{who}.kubeconfig"

    def tool(self, name: str) -> str:
        """Return the path of a built binary."""
        return str(self.bin / name)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the folders from ``TRIMTAB_CACHE`` and ``TRIMTAB_STATE``, or choose the defaults."""
    home = Path(environment.get("HOME", "/root"))
    # Only an existing cluster can be used without root, and that needs little state.
    default_state = (
        Path("/var/lib/trimtab") if os.geteuid() == 0 else home / ".local" / "state" / "trimtab"
    )
    return Settings(
        cache=Path(environment.get("TRIMTAB_CACHE") or home / ".cache" / "trimtab").resolve(),
        state=Path(environment.get("TRIMTAB_STATE") or default_state).resolve(),
    )


def go_architecture() -> str:
    """Return this machine's architecture as Go and image manifests spell it."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
