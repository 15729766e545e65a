"""Windows of a stream as requests of a client, and what a faulty feed makes of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from replay.streams import SECOND_NS, Stream
from support.serving import ServerProcess

HOUR_NS = 3600 * SECOND_NS
DAY_ROWS = 24


@dataclass(frozen=True)
class Request:
    """One day of hourly rows.

    Attributes:
        id: inference id.
        rows: which rows of the stream, [n].
        inputs: what is sent, float32 [n, F].
        event_ns: event times that are sent, [n].
        labels: class indices that come back, [n].
    """

    id: str
    rows: NDArray[np.int64]
    inputs: NDArray[np.float32]
    event_ns: NDArray[np.int64]
    labels: NDArray[np.int64]


Requests = list[Request]
Damage = Callable[[Requests], Requests]


def requests_of(stream: Stream, window: int) -> Requests:
    """Return a window's rows as a client sends them, day by day."""
    rows = stream.window(window)
    days = np.split(rows, range(DAY_ROWS, len(rows), DAY_ROWS))
    return [
        Request(
            f"{stream.name}-{day[0]}",
            day,
            stream.inputs[day],
            stream.time_ns[day],
            stream.truth[day],
        )
        for day in days
    ]


def unharmed(requests: Requests) -> Requests:
    """Return what a feed without faults sends."""
    return requests


def in_fahrenheit(columns: list[int], first: int) -> Damage:
    """Send temperatures in another unit from a day on."""

    def damage(requests: Requests) -> Requests:
        return [*requests[:first], *(_with(one, columns, _fahrenheit) for one in requests[first:])]

    return damage


def stuck(column: int, first: int, end: int) -> Damage:
    """Let a sensor keep for some days the value that it had last."""

    def damage(requests: Requests) -> Requests:
        value = requests[first - 1].inputs[-1, column]
        kept = [_with(one, [column], lambda _: value) for one in requests[first:end]]
        return [*requests[:first], *kept, *requests[end:]]

    return damage


def sent_again(day: int, later: int) -> Damage:
    """Send one day's request once more, behind that of a later day."""

    def damage(requests: Requests) -> Requests:
        return [*requests[: later + 1], requests[day], *requests[later + 1 :]]

    return damage


def with_clock_set(hours: int, first: int, end: int) -> Damage:
    """Stamp the rows of some days by a clock that is off."""

    def damage(requests: Requests) -> Requests:
        moved = [
            replace(one, event_ns=one.event_ns + hours * HOUR_NS) for one in requests[first:end]
        ]
        return [*requests[:first], *moved, *requests[end:]]

    return damage


def mislabelled(share: float) -> Damage:
    """Send some labels back the wrong way round."""

    def damage(requests: Requests) -> Requests:
        random = np.random.default_rng(5)
        return [replace(one, labels=flip(one.labels, share, random)) for one in requests]

    return damage


def flip(labels: NDArray[np.int64], share: float, random: np.random.Generator) -> NDArray[np.int64]:
    """Return labels of two classes of which a share is the wrong way round."""
    return np.where(random.random(len(labels)) < share, 1 - labels, labels)


def send(stream: Stream, requests: Requests, server: ServerProcess, model: str) -> None:
    """Ask a server for rows over HTTP, and return the labels of each request behind it.

    Args:
        stream: knows when labels are known.
        requests: in the order in which they are sent.
        server: follows the plan of the Model.
        model: name of the Model.
    """
    for request in requests:
        tensor = {
            "name": "features",
            "shape": list(request.inputs.shape),
            "datatype": "FP32",
            "data": request.inputs.ravel().tolist(),
        }
        parameters = {"event_time": request.event_ns.tolist()}
        body = {"id": request.id, "inputs": [tensor], "parameters": parameters}
        answer = server.infer(body, f"/v2/models/{model}/infer")
        assert answer.status == HTTPStatus.OK, answer.body
        known = int(stream.time_ns[request.rows[-1]]) + HOUR_NS
        labels = [
            {"id": request.id, "row": row, "label": str(label), "event_time": known}
            for row, label in enumerate(request.labels.tolist())
        ]
        told = json.dumps({"labels": labels}).encode()
        answer = server.send("POST", f"/v2/models/{model}/feedback", told)
        assert answer.status == HTTPStatus.ACCEPTED, answer.body


def _fahrenheit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values * np.float32(1.8) + np.float32(32)


def _with(
    request: Request,
    columns: list[int],
    change: Callable[[NDArray[np.float32]], NDArray[np.float32] | np.float32],
) -> Request:
    inputs = request.inputs.copy()
    inputs[:, columns] = change(inputs[:, columns])
    return replace(request, inputs=inputs)
