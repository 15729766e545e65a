"""The configuration texts of the cluster's parts: settings in, text out, nothing touched."""

import json

from localcluster.settings import (
    BRIDGE,
    BRIDGE_ADDRESS,
    CNI_NETWORK,
    NODE_NAME,
    NODE_POD_CIDR,
    PAUSE_IMAGE,
    POD_CIDR,
    Settings,
)


def containerd(settings: Settings) -> str:
    """Return containerd's configuration."""
    home = settings.state / "containerd"
    return f"""\
version = 3
root = "{home}/root"
state = "{settings.containerd_state}"
# Both use fixed folders outside this cluster's own.
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{settings.containerd_socket}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "{PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE no sandbox could lower its OOM score, and every pod would fail.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{settings.bin}"]
    conf_dir = "{settings.conf}/cni"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "{settings.tool("runc")}"
        SystemdCgroup = false
"""


def cni(settings: Settings) -> str:
    """Return the pod network: one bridge, addresses from one range, nftables only."""
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        # One rule for all pods does it: changes.Masquerade.
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(settings.state / "cni"),
            "ranges": [[{"subnet": NODE_POD_CIDR}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "backend": "nftables", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "1.0.0", "name": CNI_NETWORK, "plugins": [bridge, ports]}
    return json.dumps(network, indent=1) + "\n"


def kubelet(settings: Settings, resolv_conf: str) -> str:
    """Return the kubelet's configuration."""
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": ["pods"],
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(settings.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDomain": "cluster.local",
        "clusterDNS": [BRIDGE_ADDRESS],
        "tlsCertFile": str(settings.pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(settings.pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{settings.containerd_socket}",
        "podLogsDir": str(settings.state / "pod-logs"),
        "volumePluginDir": str(settings.kubelet / "volume-plugins"),
        "resolvConf": resolv_conf,
        "failSwapOn": False,
        "maxPods": 110,
        "makeIPTablesUtilChains": False,
        "serializeImagePulls": False,
        # A developer's disk is often nearly full; images cannot be pulled again, so none is
        # ever collected.
        "evictionHard": {
            "memory.available": "200Mi",
            "nodefs.available": "2%",
            "imagefs.available": "2%",
        },
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "imageMaximumGCAge": "0s",
    }
    return json.dumps(document, indent=1) + "\n"


def kube_proxy(settings: Settings) -> str:
    """Return kube-proxy's configuration."""
    document = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(settings.kubeconfig("proxy"))},
        "mode": "nftables",
        "clusterCIDR": POD_CIDR,
        # Zero leaves the machine's connection tracking limits as they are.
        "conntrack": {"maxPerCore": 0},
        "hostnameOverride": NODE_NAME,
    }
    return json.dumps(document, indent=1) + "\n"


def coredns(settings: Settings, resolv_conf: str, resolv_conf_text: str) -> str:
    """Return CoreDNS's configuration; outside names are forwarded if the machine resolves any."""
    has_upstream = any(line.startswith("nameserver") for line in resolv_conf_text.splitlines())
    forward = f"    forward . {resolv_conf}\n" if has_upstream else ""
    return f"""\
.:53 {{
    bind {BRIDGE_ADDRESS}
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {settings.kubeconfig("coredns")}
        pods insecure
        ttl 5
        fallthrough in-addr.arpa ip6.arpa
    }}
{forward}    cache 5
}}
"""
