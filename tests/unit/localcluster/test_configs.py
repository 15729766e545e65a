"""What the parts of the embedded cluster are configured with."""

import json
import tomllib
from pathlib import Path

from localcluster import configs
from localcluster.settings import BRIDGE_ADDRESS, PAUSE_IMAGE, Settings, from_environment

SETTINGS = Settings(cache=Path("/cache"), state=Path("/state"))


def test_containerd_uses_only_the_cluster_s_own_folders() -> None:
    config = tomllib.loads(configs.containerd(SETTINGS))
    assert config["version"] == 3
    assert config["root"] == "/state/containerd/root"
    assert config["grpc"]["address"] == "/state/containerd/containerd.sock"
    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is True
    assert runtime["cni"] == {"bin_dirs": ["/cache/bin"], "conf_dir": "/state/conf/cni"}
    runc = runtime["containerd"]["runtimes"]["runc"]
    assert runc["options"]["BinaryName"] == "/cache/bin/runc"


def test_containerd_pins_the_sandbox_image() -> None:
    config = tomllib.loads(configs.containerd(SETTINGS))
    pinned = config["plugins"]["io.containerd.cri.v1.images"]["pinned_images"]
    assert pinned == {"sandbox": PAUSE_IMAGE}


def test_socket_path_fits_the_kernel_s_limit_in_the_default_state_folder() -> None:
    default = from_environment({"HOME": "/root", "TRIMTAB_STATE": "/var/lib/trimtab"})
    assert len(str(default.containerd_socket)) < 108


def test_pod_network_needs_no_iptables() -> None:
    bridge, ports = json.loads(configs.cni(SETTINGS))["plugins"]
    assert ports["backend"] == "nftables"
    assert bridge["ipMasq"] is False
    assert bridge["ipam"]["dataDir"] == "/state/cni"
    kubelet = json.loads(configs.kubelet(SETTINGS, "/etc/resolv.conf"))
    assert kubelet["makeIPTablesUtilChains"] is False


def test_kubelet_runs_on_old_control_groups_and_names_the_dns_server() -> None:
    kubelet = json.loads(configs.kubelet(SETTINGS, "/run/resolv.conf"))
    assert kubelet["failCgroupV1"] is False
    assert kubelet["clusterDNS"] == [BRIDGE_ADDRESS]
    assert kubelet["resolvConf"] == "/run/resolv.conf"
    assert kubelet["maxPods"] == 110


def test_coredns_forwards_only_where_the_machine_resolves_names() -> None:
    some = configs.coredns(SETTINGS, "/etc/resolv.conf", "nameserver 192.0.2.1\n")
    none = configs.coredns(SETTINGS, "/etc/resolv.conf", "# empty\n")
    assert "forward . /etc/resolv.conf" in some
    assert "forward" not in none
    assert none.count("{") == none.count("}")


def test_folders_come_from_the_environment() -> None:
    settings = from_environment({"TRIMTAB_CACHE": "/c", "TRIMTAB_STATE": "/s", "HOME": "/h"})
    assert (settings.cache, settings.state) == (Path("/c"), Path("/s"))
    assert from_environment({"HOME": "/h"}).cache == Path("/h/.cache/trimtab")
