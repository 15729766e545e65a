"""The proxy that kills monitors tells how each write has ended, also one that nobody answers."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest

from support.interrupting_proxy import run_store_proxy
from support.s3 import S3Server
from support.struck_writes import Strikes, never


def test_a_write_that_gets_no_answer_is_under_way_no_more() -> None:
    strikes = Strikes(never)
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        upstream = S3Server(f"http://127.0.0.1:{refusing.getsockname()[1]}", "", "")
        with run_store_proxy(upstream, strikes) as proxy:
            client = http.client.HTTPConnection(urlsplit(proxy.url).netloc)
            client.request("PUT", "/bucket/key", b"x")
            with pytest.raises(ConnectionError):
                client.getresponse()
            client.close()

    assert strikes.is_quiet
    assert strikes.done == []
