"""The cluster's processes: command lines, what they read, and how to see that they work."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localcluster import commands, probes
from localcluster.settings import (
    API_PORT,
    BRIDGE_ADDRESS,
    NODE_NAME,
    POD_CIDR,
    SERVICE_CIDR,
    Settings,
)

_ETCD = "http://127.0.0.1:2379"


@dataclass(frozen=True)
class Service:
    """One process of the cluster."""

    name: str
    args: tuple[str, ...]
    healthy: Callable[[], bool]
    # Files whose change asks for a restart.
    reads: tuple[Path, ...] = ()
    ports: tuple[int, ...] = ()
    # How long it may take to work, and how long to end by itself.
    start_seconds: float = 60
    stop_seconds: float = 10

    def spec(self) -> str:
        """Return the digest of everything the process is started with."""
        digest = hashlib.sha256("\0".join(self.args[1:]).encode())
        # The link's target names the version, so that a new build restarts the process.
        digest.update(str(Path(self.args[0]).resolve()).encode())
        for path in self.reads:
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def services(settings: Settings, node_ip: str) -> list[Service]:
    """Return the processes in the order in which they start."""
    return [
        _etcd(settings),
        _apiserver(settings, node_ip),
        _controller_manager(settings),
        _scheduler(settings),
        _containerd(settings),
        _kubelet(settings, node_ip),
        _kube_proxy(settings),
        _coredns(settings),
    ]


# Who uses another stops before it. An API server whose etcd is gone would sit in its graceful
# shutdown for minutes and keep its port.
STOP_ORDER = (
    "kubelet",
    "containerd",
    "kube-proxy",
    "coredns",
    "kube-scheduler",
    "kube-controller-manager",
    "kube-apiserver",
    "etcd",
)


def _etcd(settings: Settings) -> Service:
    peer = "http://127.0.0.1:2380"
    return Service(
        name="etcd",
        args=(
            settings.tool("etcd"),
            f"--data-dir={settings.state / 'etcd'}",
            f"--listen-client-urls={_ETCD}",
            f"--advertise-client-urls={_ETCD}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--auto-compaction-mode=periodic",
            "--auto-compaction-retention=10m",
            "--quota-backend-bytes=2147483648",
            # Safe against killed processes, not against a power cut; a developer's disk is slow.
            "--unsafe-no-fsync",
        ),
        healthy=lambda: probes.http_ok(f"{_ETCD}/health"),
        ports=(2379, 2380),
    )


def _apiserver(settings: Settings, node_ip: str) -> Service:
    pki = settings.pki
    files = {
        "tls-cert-file": pki / "apiserver.crt",
        "tls-private-key-file": pki / "apiserver.key",
        "client-ca-file": pki / "ca.crt",
        "service-account-key-file": pki / "sa.pub",
        "service-account-signing-key-file": pki / "sa.key",
        "kubelet-client-certificate": pki / "kubelet-client.crt",
        "kubelet-client-key": pki / "kubelet-client.key",
        "requestheader-client-ca-file": pki / "ca.crt",
        "proxy-client-cert-file": pki / "front-proxy.crt",
        "proxy-client-key-file": pki / "front-proxy.key",
    }
    return Service(
        name="kube-apiserver",
        args=(
            settings.tool("kube-apiserver"),
            f"--etcd-servers={_ETCD}",
            f"--advertise-address={node_ip}",
            f"--secure-port={API_PORT}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            *(f"--{flag}={path}" for flag, path in files.items()),
        ),
        healthy=lambda: probes.http_ok(f"https://127.0.0.1:{API_PORT}/readyz"),
        reads=tuple(files.values()),
        ports=(API_PORT,),
        start_seconds=120,
        # Longer than its own shutdown takes while etcd is there.
        stop_seconds=30,
    )


def _controller_manager(settings: Settings) -> Service:
    pki = settings.pki
    return Service(
        name="kube-controller-manager",
        args=(
            settings.tool("kube-controller-manager"),
            f"--kubeconfig={settings.kubeconfig('controller-manager')}",
            "--bind-address=127.0.0.1",
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={pki / 'sa.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--cluster-signing-cert-file={pki / 'ca.crt'}",
            f"--cluster-signing-key-file={pki / 'ca.key'}",
            f"--cluster-cidr={POD_CIDR}",
            "--allocate-node-cidrs=true",
            "--leader-elect=false",
        ),
        healthy=lambda: probes.http_ok("https://127.0.0.1:10257/healthz"),
        reads=(pki / "ca.crt", pki / "sa.pub", pki / "controller-manager.crt"),
        ports=(10257,),
    )


def _scheduler(settings: Settings) -> Service:
    return Service(
        name="kube-scheduler",
        args=(
            settings.tool("kube-scheduler"),
            f"--kubeconfig={settings.kubeconfig('scheduler')}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ),
        healthy=lambda: probes.http_ok("https://127.0.0.1:10259/healthz"),
        reads=(settings.pki / "scheduler.crt",),
        ports=(10259,),
    )


def _containerd(settings: Settings) -> Service:
    config = settings.conf / "containerd.toml"
    ctr = [settings.tool("ctr"), "--address", str(settings.containerd_socket)]
    return Service(
        name="containerd",
        args=(settings.tool("containerd"), "--config", str(config)),
        healthy=lambda: commands.attempt([*ctr, "version"], seconds=10).returncode == 0,
        reads=(config,),
    )


def _kubelet(settings: Settings, node_ip: str) -> Service:
    config = settings.conf / "kubelet.json"
    return Service(
        name="kubelet",
        args=(
            settings.tool("kubelet"),
            f"--config={config}",
            f"--kubeconfig={settings.kubeconfig('kubelet')}",
            f"--root-dir={settings.kubelet}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={node_ip}",
        ),
        healthy=lambda: probes.http_ok("http://127.0.0.1:10248/healthz"),
        reads=(config, settings.pki / "kubelet.crt"),
        ports=(10248, 10250),
    )


def _kube_proxy(settings: Settings) -> Service:
    config = settings.conf / "kube-proxy.json"
    return Service(
        name="kube-proxy",
        args=(settings.tool("kube-proxy"), f"--config={config}"),
        healthy=_proxy_is_healthy,
        reads=(config, settings.pki / "proxy.crt"),
        ports=(10249, 10256),
    )


def _proxy_is_healthy() -> bool:
    # It does not notice by itself when something else has deleted its rules.
    table = commands.attempt(["nft", "list", "table", "ip", "kube-proxy"])
    return probes.http_ok("http://127.0.0.1:10256/livez") and table.returncode == 0


def _coredns(settings: Settings) -> Service:
    config = settings.conf / "Corefile"
    return Service(
        name="coredns",
        args=(settings.tool("coredns"), "-conf", str(config)),
        healthy=lambda: probes.resolves(BRIDGE_ADDRESS, "kubernetes.default.svc.cluster.local"),
        reads=(config, settings.pki / "coredns.crt"),
    )
