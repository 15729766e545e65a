"""A real S3 server that ignores `If-None-Match`: moto, in the last version that did.

Use it from a conftest.py: `from support.overwriting_s3 import overwriting_s3` (a fixture).
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.ports import free_port
from support.s3 import S3Server
from support.waiting import wait_until

START_SECONDS = 120.0


@pytest.fixture(scope="session")
def overwriting_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for the whole test session; each test takes its own bucket."""
    port, log = free_port(), tmp_path_factory.mktemp("moto") / "server.log"
    server = S3Server(f"http://127.0.0.1:{port}", "anybody", "anything")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _listens(process, port, log), START_SECONDS, what="moto listens")
        yield server
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"moto ended with {process.returncode}: {log.read_text()}")
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
