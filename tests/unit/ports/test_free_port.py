"""Ports that tests start processes on."""

from pathlib import Path

from support.ports import LAST, free_port

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_free_port_is_given_once_and_never_to_an_outgoing_connection() -> None:
    given = [free_port() for _ in range(500)]
    assert len(set(given)) == len(given)
    assert max(given) <= LAST < int(EPHEMERAL.read_text().split()[0])
