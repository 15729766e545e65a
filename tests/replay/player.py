"""Plays a stream against a served Model in lock step: a window's rows, then their due labels.

Whatever fails is counted and told, and not tried again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event, Lock
from typing import Any

import numpy as np
import orjson
import tritonclient.http as triton
import urllib3
from geventhttpclient.response import HTTPParseError
from numpy.typing import NDArray

from replay.streams import Stream

Rows = NDArray[np.int64]
SECONDS = 30.0
"""How long an answer may take where nothing is taken away."""
FAILURES = (triton.InferenceServerException, HTTPParseError, OSError)
"""What a request ends with that was refused, or whose connection broke."""


@dataclass
class Played:
    """What was answered.

    Attributes:
        decided: decisions by row of the stream, -1 where nothing was asked.
        version: short name of the version that answered, by row.
        failed: requests that failed, of both kinds; none is tried again.
        asked: requests for answers that were sent.
        labelled: requests with labels that were sent.
    """

    decided: Rows
    version: NDArray[np.str_]
    failed: int = 0
    asked: int = 0
    labelled: int = 0

    @classmethod
    def of(cls, stream: Stream) -> "Played":
        """Return an empty record."""
        rows = len(stream.time_ns)
        return cls(np.full(rows, -1, np.int64), np.full(rows, "", dtype="<U16"))


@dataclass(frozen=True)
class Pause:
    """Where a play stands still between two requests.

    Attributes:
        row: of the stream; it stands still before the request with it.
        reached: set when it does.
        over: set when it may go on.
    """

    row: int
    reached: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)


@dataclass
class Player:
    """A client that asks for rows and returns their labels.

    Attributes:
        stream: the data.
        model: name of the Model.
        address: `host:port` of its REST service.
        label_delay_ns: how long after its event a row's label is known.
        batch: rows of a request.
        turn: held while rows are asked for and labelled; who takes it finds no request under way.
        tell: shows people what failed.
        seconds: how long an answer may take; one that takes longer has failed.
    """

    stream: Stream
    model: str
    address: str
    label_delay_ns: int
    batch: int = 24
    turn: Lock = field(default_factory=Lock)
    tell: Callable[[str], None] = print
    seconds: float = SECONDS
    played: Played = field(init=False)
    _pause: Pause | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.played = Played.of(self.stream)
        self._http = urllib3.PoolManager()
        self.move(self.address)

    def move(self, address: str) -> None:
        """Ask there from now on."""
        self.address = address
        self._client = triton.InferenceServerClient(
            self.address, network_timeout=self.seconds, connection_timeout=self.seconds
        )

    def send(self, rows: Rows) -> None:
        """Ask for rows, then return the labels that are due once they are over."""
        for first in range(0, len(rows), self.batch):
            part = rows[first : first + self.batch]
            self._stand_still(part)
            with self.turn:
                self._ask(part)
                self._label(part)

    @contextmanager
    def pausing_before(self, row: int) -> Iterator[Pause]:
        """Let the play stand still before a row, until its pause or the block is over."""
        self._pause = pause = Pause(row)
        try:
            yield pause
        finally:
            self._pause = None
            pause.over.set()

    def _stand_still(self, rows: Rows) -> None:
        pause = self._pause
        if pause is not None and pause.row in rows:
            pause.reached.set()
            pause.over.wait()

    def ask_beside(self, body: bytes) -> str:
        """Ask for what is no row of the play; return the version that answers, or nothing."""
        with self.turn:
            self.played.asked += 1
            data, trouble = self._post("infer", body, HTTPStatus.OK)
            if trouble:
                self._failed("request beside", trouble)
                return ""
            return str(orjson.loads(data)["model_version"])

    def _ask(self, rows: Rows) -> None:
        tensor = triton.InferInput("features", list(self.stream.inputs[rows].shape), "FP32")
        tensor.set_data_from_numpy(np.ascontiguousarray(self.stream.inputs[rows]))
        times = self.stream.time_ns[rows].tolist()
        self.played.asked += 1
        try:
            answer = self._client.infer(
                self.model,
                [tensor],
                request_id=self._id(rows),
                parameters={"event_time": times},
            )
        except FAILURES as error:
            self._failed(f"request {self._id(rows)}", repr(error))
            return
        self.played.decided[rows] = answer.as_numpy("decision")
        self.played.version[rows] = answer.get_response()["model_version"]

    def _label(self, rows: Rows) -> None:
        labels = [
            {
                "id": self._id(rows),
                "row": place,
                "label": str(self.stream.truth[row]),
                "event_time": int(self.stream.time_ns[row]) + self.label_delay_ns,
            }
            for place, row in enumerate(rows.tolist())
        ]
        self.played.labelled += 1
        _, trouble = self._post("feedback", orjson.dumps({"labels": labels}), HTTPStatus.ACCEPTED)
        if trouble:
            self._failed(f"labels {self._id(rows)}", trouble)

    def _post(self, what: str, body: bytes, good: HTTPStatus) -> tuple[bytes, str]:
        """Send a body once; return the answer, and why it is not the good one, or nothing."""
        try:
            answer = self._http.request(
                "POST",
                f"http://{self.address}/v2/models/{self.model}/{what}",
                body=body,
                headers={"Content-Type": "application/json"},
                # By itself urllib3 tries a connection that breaks three times more.
                retries=False,
                timeout=self.seconds,
            )
        except urllib3.exceptions.HTTPError as error:
            return b"", repr(error)
        trouble = "" if answer.status == good else f"{answer.status} {answer.data[:200]!r}"
        return answer.data, trouble

    def _failed(self, what: str, trouble: str) -> None:
        self.played.failed += 1
        self.tell(f"{what} failed: {trouble}")

    def _id(self, rows: Rows) -> str:
        return f"{self.stream.name}-{rows[0]}"

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self._http.clear()


def decision_of(status: dict[str, Any], end: str) -> dict[str, Any] | None:
    """Return what was decided about the window that ends then, or None."""
    return next((item for item in status.get("decisions", []) if item["windowEnd"] == end), None)
