"""Changes to the machine's settings: announced, recorded before they are made, and undone."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localcluster import commands
from localcluster.preflight import load_module
from localcluster.progress import LaunchError, say
from localcluster.settings import BRIDGE, BRIDGE_ADDRESS, NODE_POD_CIDR, POD_CIDR, Settings

# Tables that kube-proxy and the port mapping plugin make; they end with the cluster.
NFT_TABLES = ("ip kube-proxy", "ip6 kube-proxy", "inet cni_hostport")
_MASQUERADE = "ip trimtab-localcluster"


class Change(Protocol):
    """One reversible change. ``before`` is whatever the undoing needs."""

    @property
    def text(self) -> str:
        """What is changed, for a person."""

    def before(self) -> list[str] | None:
        """Return what must be remembered; None if nothing has to be changed."""

    def apply(self) -> None:
        """Make the change."""

    def undo(self, before: list[str]) -> None:
        """Restore what was there before."""


@dataclass(frozen=True)
class Sysctl:
    """A kernel setting that must be 1."""

    name: str

    @property
    def text(self) -> str:
        """What is changed, for a person."""
        return f"sysctl {self.name} = 1"

    @property
    def _path(self) -> Path:
        return Path("/proc/sys", *self.name.split("."))

    def before(self) -> list[str] | None:
        """Return the old value."""
        if not self._path.exists():
            return None
        value = self._path.read_text().strip()
        return None if value == "1" else [value]

    def apply(self) -> None:
        """Write the value."""
        self._path.write_text("1")

    def undo(self, before: list[str]) -> None:
        """Write the old value."""
        if self._path.exists():
            self._path.write_text(before[0])


@dataclass(frozen=True)
class SharedRoot:
    """Mounts must propagate into containers that ask for it."""

    @property
    def text(self) -> str:
        """What is changed, for a person."""
        return "mount --make-shared / (mount propagation)"

    def before(self) -> list[str] | None:
        """Return something to remember if the root is private now."""
        return ["private"] if is_private("/", Path("/proc/self/mountinfo").read_text()) else None

    def apply(self) -> None:
        """Share the root; what is mounted on it keeps its own way."""
        commands.run(["mount", "--make-shared", "/"])

    def undo(self, before: list[str]) -> None:
        """Make the root private again."""
        del before
        commands.attempt(["mount", "--make-private", "/"])


@dataclass(frozen=True)
class Bridge:
    """The pods' bridge; made before the first pod, because CoreDNS binds its address."""

    @property
    def text(self) -> str:
        """What is changed, for a person."""
        return f"network bridge {BRIDGE} with {BRIDGE_ADDRESS}/24"

    def before(self) -> list[str] | None:
        """Return something to remember unless the bridge has its address already."""
        shown = _shown("ip", "-4", "-o", "addr", "show", "dev", BRIDGE)
        up = _shown("ip", "-o", "link", "show", "dev", BRIDGE, "up")
        there = f" {BRIDGE_ADDRESS}/24 " in shown and up
        return None if there else [BRIDGE]

    def apply(self) -> None:
        """Make the bridge, or complete one that is half there."""
        # Asked of the network itself: /sys may show that of another namespace.
        if commands.attempt(["ip", "link", "show", "dev", BRIDGE]).returncode != 0:
            made = commands.attempt(["ip", "link", "add", BRIDGE, "type", "bridge"])
            if made.returncode != 0:
                raise LaunchError(
                    f"The kernel makes no network bridge (CONFIG_BRIDGE): {made.stderr.strip()}"
                )
        commands.run(["ip", "addr", "replace", f"{BRIDGE_ADDRESS}/24", "dev", BRIDGE])
        commands.run(["ip", "link", "set", BRIDGE, "up"])

    def undo(self, before: list[str]) -> None:
        """Remove the bridge."""
        commands.attempt(["ip", "link", "delete", before[0]])


@dataclass(frozen=True)
class Masquerade:
    """Pods reach the outside under the machine's address.

    One rule for all pods instead of the network plugin's one for each: `up` can restore it for
    pods that run already, and no leftovers pile up.
    """

    @property
    def text(self) -> str:
        """What is changed, for a person."""
        return f"nftables table `{_MASQUERADE}` (pods reach the outside)"

    def before(self) -> list[str] | None:
        """Return something to remember if the table is missing."""
        shown = _shown("nft", "list", "table", *_MASQUERADE.split())
        return None if "masquerade" in shown else ["missing"]

    def apply(self) -> None:
        """Make the table, or make it anew if it is not what it was."""
        # The first line makes the second succeed whether the table was there or not.
        script = f"""\
table {_MASQUERADE}
delete table {_MASQUERADE}
table {_MASQUERADE} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr {NODE_POD_CIDR} ip daddr != {POD_CIDR} masquerade
  }}
}}
"""
        made = commands.attempt(["nft", "-f", "-"], text=script)
        if made.returncode != 0:
            raise LaunchError(
                f"The kernel refuses nftables address translation (CONFIG_NFT_MASQ): {made.stderr}"
            )

    def undo(self, before: list[str]) -> None:
        """Remove the table."""
        del before
        commands.attempt(["nft", "delete", "table", *_MASQUERADE.split()])


@dataclass(frozen=True)
class Forwarding:
    """Lets the pods' packets through where a firewall (Docker's, say) drops forwarded ones."""

    @property
    def text(self) -> str:
        """What is changed, for a person."""
        return f"iptables FORWARD accepts {BRIDGE} (its policy here is DROP)"

    def before(self) -> list[str] | None:
        """Return something to remember if the policy is to drop and the rules are missing."""
        rules = _shown("iptables", "-w", "-S", "FORWARD")
        return ["rules"] if "-P FORWARD DROP" in rules and f"-i {BRIDGE} " not in rules else None

    def apply(self) -> None:
        """Insert both rules."""
        for direction in ("-i", "-o"):
            rule = ["FORWARD", direction, BRIDGE, "-j", "ACCEPT"]
            commands.run(["iptables", "-w", "-I", *rule])

    def undo(self, before: list[str]) -> None:
        """Delete both rules."""
        del before
        for direction in ("-i", "-o"):
            commands.attempt(["iptables", "-w", "-D", "FORWARD", direction, BRIDGE, "-j", "ACCEPT"])


CHANGES: dict[str, Change] = {
    "ip_forward": Sysctl("net.ipv4.ip_forward"),
    "bridge_nf": Sysctl("net.bridge.bridge-nf-call-iptables"),
    "shared_root": SharedRoot(),
    "masquerade": Masquerade(),
    "forwarding": Forwarding(),
    "bridge": Bridge(),
}


def pending() -> dict[str, list[str]]:
    """Return the changes that have to be made, with what they must remember."""
    # Service traffic between two pods passes the bridge; without this module it comes back
    # from the wrong address.
    load_module("br_netfilter")
    found = {name: change.before() for name, change in CHANGES.items()}
    return {name: before for name, before in found.items() if before is not None}


def describe(names: Sequence[str]) -> None:
    """Print what will be changed."""
    for name in names:
        say("change", CHANGES[name].text)
    if names:
        say("change", f"nftables tables while the cluster runs: {', '.join(NFT_TABLES)}")


def apply(settings: Settings, wanted: dict[str, list[str]]) -> None:
    """Make changes; each is on record before it is made."""
    recorded = _read(settings)
    for name, before in wanted.items():
        # The first record holds what was there before the cluster: later ones must not hide it.
        recorded.setdefault(name, before)
        _write(settings, recorded)
        CHANGES[name].apply()


def undo(settings: Settings) -> None:
    """Undo every recorded change, the last one first."""
    recorded = _read(settings)
    for name, before in reversed(list(recorded.items())):
        if name in CHANGES:
            CHANGES[name].undo(before)
            say("undo", CHANGES[name].text)
    _path(settings).unlink(missing_ok=True)


def _shown(*args: str) -> str:
    """Return what a program shows; a program that is not installed yet has nothing to show."""
    try:
        return commands.attempt(args).stdout
    except LaunchError:
        return ""


def mount_points(mountinfo: str) -> list[str]:
    """Return every mount point."""
    return [_unescape(line.split()[4]) for line in mountinfo.splitlines()]


def is_private(point: str, mountinfo: str) -> bool:
    """Say whether the mount that is visible at a point belongs to no peer group."""
    optional = [
        line.split(" - ")[0]
        for line in mountinfo.splitlines()
        if _unescape(line.split()[4]) == point
    ]
    # Later mounts cover earlier ones at the same point.
    return bool(optional) and "shared:" not in optional[-1]


def _unescape(point: str) -> str:
    # The kernel writes blanks in mount points as octal numbers.
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point)


def _path(settings: Settings) -> Path:
    return settings.state / "machine-changes.json"


def _read(settings: Settings) -> dict[str, list[str]]:
    try:
        value = json.loads(_path(settings).read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): [str(item) for item in before] for name, before in value.items()}


def _write(settings: Settings, recorded: dict[str, list[str]]) -> None:
    partial = _path(settings).with_suffix(".partial")
    partial.write_text(json.dumps(recorded))
    partial.replace(_path(settings))
