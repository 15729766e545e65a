"""Clients that do not wait for their answer."""

import socket

import pytest

from support.serving import ServerProcess

PATIENCE_SECONDS = 0.3


def leave(server: ServerProcess, path: str, body: bytes) -> None:
    """Ask, and close the connection when the answer does not come in time."""
    head = f"POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + body)
        with pytest.raises(TimeoutError):
            connection.recv(1)
