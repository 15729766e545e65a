"""Clients that send one request after another to a model server."""

import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.serving import ServerProcess

BODY = b'{"inputs":[{"name":"features","shape":[1,2],"datatype":"FP32","data":[1,2]}]}'


def body_of(values: Sequence[float]) -> bytes:
    """Return a request for one row of `features`."""
    features = {"name": "features", "shape": [1, len(values)], "datatype": "FP32"}
    return json.dumps({"inputs": [features | {"data": [*values]}]}).encode()


@dataclass
class Client:
    """Sends requests until it is stopped.

    Attributes:
        statuses: answers by HTTP status.
        versions: which version gave each good answer, oldest first.
        body: what is asked.
    """

    server: ServerProcess
    model: str
    statuses: dict[int, int] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    body: bytes = BODY
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send requests on one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        while not self.stopped.is_set():
            connection.request("POST", f"/v2/models/{self.model}/infer", self.body)
            answer = connection.getresponse()
            text = answer.read()
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status == http.HTTPStatus.OK:
                self.versions.append(text.split(b'"model_version":"')[1][:16].decode())
        connection.close()


@contextmanager
def steady_load(
    server: ServerProcess, clients: int = 2, model: str = "m"
) -> Iterator[list[Client]]:
    """Let clients send requests until the block ends."""
    running = [Client(server, model) for _ in range(clients)]
    threads = [threading.Thread(target=client.run) for client in running]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        for client in running:
            client.stopped.set()
        for thread in threads:
            thread.join()
