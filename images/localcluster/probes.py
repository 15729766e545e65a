"""Asking a part of the cluster whether it works, with nothing but sockets and HTTP."""

import secrets
import socket
import ssl
import struct
import urllib.error
import urllib.request

_SECONDS = 2.0
_DNS_HEADER = struct.Struct("!HHHHHH")
_RECURSION_DESIRED = 0x0100
_TYPE_A_CLASS_IN = b"\x00\x01\x00\x01"
_DNS_ERROR_MASK = 0x000F


def http_ok(url: str) -> bool:
    """Say whether a health address answers 200."""
    # The parts sign their own health certificates, and nothing secret is sent or received.
    context = ssl._create_unverified_context() if url.startswith("https") else None  # noqa: S323, SLF001
    # Health addresses are local: a proxy in the environment must not see them.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=_SECONDS) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - the one code that means healthy
    except (urllib.error.URLError, OSError, ValueError):
        return False


def port_is_free(port: int) -> bool:
    """Say whether a TCP port can be listened on."""
    with socket.socket() as probe:
        # As servers do: connections that are closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def resolves(server: str, name: str) -> bool:
    """Say whether a DNS server answers a query for an address record."""
    number = secrets.randbelow(2**16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(_SECONDS)
        try:
            client.sendto(dns_query(name, number), (server, 53))
            return dns_has_answer(client.recv(4096), number)
        except OSError:
            return False


def dns_query(name: str, number: int) -> bytes:
    """Return the packet that asks for a name's IPv4 address."""
    header = _DNS_HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return header + labels + b"\x00" + _TYPE_A_CLASS_IN


def dns_has_answer(packet: bytes, number: int) -> bool:
    """Say whether a packet answers the query of that number without error."""
    if len(packet) < _DNS_HEADER.size:
        return False
    identity: int
    flags: int
    answers: int
    identity, flags, _, answers, _, _ = _DNS_HEADER.unpack_from(packet)
    return identity == number and flags & _DNS_ERROR_MASK == 0 and answers > 0
