"""What the machine's network looks like: its address, its resolver, who holds a port."""

import re
import socket
from pathlib import Path

from localcluster import commands, probes
from localcluster.settings import BRIDGE_ADDRESS

# Where systemd keeps the real servers; /etc/resolv.conf then names only its local stub, which
# pods cannot reach.
_SYSTEMD_RESOLV_CONF = Path("/run/systemd/resolve/resolv.conf")
_RESOLV_CONF = Path("/etc/resolv.conf")


def node_address() -> str:
    """Return the address from which this machine would reach the outside."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing: it only chooses a route.
            probe.connect(("198.51.100.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            # No route anywhere: the pods' bridge is always there.
            return BRIDGE_ADDRESS


def resolv_conf() -> Path:
    """Return the resolver configuration that works from inside pods."""
    return _SYSTEMD_RESOLV_CONF if _SYSTEMD_RESOLV_CONF.exists() else _RESOLV_CONF


def port_holder(port: int) -> str | None:
    """Return who listens on a TCP port, as text; None if nobody does."""
    if probes.port_is_free(port):
        return None
    listing = commands.attempt(["ss", "-Hltnp", f"sport = :{port}"]).stdout
    return parse_holder(listing)


def parse_holder(listing: str) -> str:
    """Return program and process from what ``ss -p`` prints."""
    found = re.search(r'\(\("([^"]+)",pid=(\d+)', listing)
    return f"{found[1]} (process {found[2]})" if found else "another process"
