"""Ports of the loopback interface for processes that tests start."""

import contextlib
import itertools
import os
import socket

FIRST, LAST = 20_000, 29_999
"""Below what the kernel gives to outgoing connections, which would take a port between the moment
it was found free and the moment its process listens; above what Ray gives to its workers."""
_STRIDE = 997
_numbers = itertools.count(os.getpid() * _STRIDE)


def free_port() -> int:
    """Return a TCP port that nobody listens on now.

    A process gets none twice, and those that run beside each other begin at different ones.
    """
    for number in _numbers:
        port = FIRST + number % (LAST + 1 - FIRST)
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("the numbers never end")
