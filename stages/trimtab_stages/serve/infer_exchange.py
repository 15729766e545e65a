"""An infer request and its one answer, by whichever protocol it came."""

from collections.abc import Callable
from typing import Protocol

from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.oip.request import InferRequestReader
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, RequestedOutput

OnLost = Callable[[RequestError], None]
"""Told that nobody waits any more, and why: a deadline, or a client that has gone."""


class InferExchange(Protocol):
    """One infer request and its one answer.

    Attributes:
        deadline: loop time after which nobody waits.
        received_ns: arrival, nanoseconds since 1970, UTC.
        size: bytes that the request keeps in memory.
    """

    deadline: float
    received_ns: int
    size: int

    @property
    def answered(self) -> bool:
        """Whether the answer is out, or nobody waits for it any more."""
        ...

    def read_known(self, reader: InferRequestReader) -> InferRequest | None:
        """Return the request if it has no id and its form has been checked before, else None."""
        ...

    def read_id(self, limits: Limits) -> str | None:
        """Return the request's id, None when it has none; raises `RequestError`."""
        ...

    def read(self, reader: InferRequestReader) -> InferRequest:
        """Return the request as a version reads it, one after the other; raises `RequestError`."""
        ...

    def watch(self, on_lost: OnLost) -> None:
        """Let somebody know when the exchange ends without an answer of theirs."""
        ...

    def expire(self) -> None:
        """Answer that the deadline has passed, and let the watcher know."""
        ...

    def reply(
        self, head: ResponseHead, wanted: tuple[RequestedOutput, ...], results: Results
    ) -> None:
        """Answer with results; raises `RequestError`, and then nothing is sent."""
        ...

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        ...
