"""One infer call and its one answer."""

import asyncio
import time

from trimtab_stages.serve.departure import departure
from trimtab_stages.serve.errors import DeadlineExceededError, RequestError
from trimtab_stages.serve.infer_exchange import OnLost
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.oip.message_request import MessageSource, document_of
from trimtab_stages.serve.oip.message_response import encode_message
from trimtab_stages.serve.oip.messages import ModelInferRequest
from trimtab_stages.serve.oip.request import InferRequestReader, read_id
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensor_source import Document
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, RequestedOutput


class GrpcInfer:
    """A ModelInfer call.

    Attributes:
        answer: the response's bytes; cancelled when the client has gone.
        deadline: loop time after which nobody waits.
        received_ns: arrival, nanoseconds since 1970, UTC.
        size: bytes of the message.
    """

    __slots__ = (
        "_allowed",
        "_document",
        "_message",
        "_on_lost",
        "answer",
        "deadline",
        "received_ns",
        "size",
    )

    def __init__(
        self,
        message: ModelInferRequest,
        size: int,
        answer_seconds: float,
        allowed: float | None = None,
    ) -> None:
        """Take a call.

        Args:
            message: the request.
            size: bytes of the message.
            answer_seconds: time for the server to answer it.
            allowed: the client's own time limit, seconds; None where it has none.
        """
        loop = asyncio.get_running_loop()
        self._message = message
        self._document: Document = {}
        self._on_lost: OnLost | None = None
        self._allowed = allowed
        self.answer: asyncio.Future[bytes] = loop.create_future()
        seconds = answer_seconds if allowed is None else min(answer_seconds, allowed)
        self.deadline = loop.time() + seconds
        self.received_ns = time.time_ns()
        self.size = size

    @property
    def answered(self) -> bool:
        """Whether the answer is made, or nobody waits for it any more."""
        return self.answer.done()

    def read_known(self, reader: InferRequestReader) -> InferRequest | None:
        """Return None: no message is remembered."""
        del reader
        return None

    def read_id(self, limits: Limits) -> str | None:
        """Return the request's id, None when it has none; raises `RequestError`."""
        self._document = document_of(self._message)
        return read_id(self._document, limits)

    def read(self, reader: InferRequestReader) -> InferRequest:
        """Return the validated request, after `read_id`; raises `RequestError`."""
        return reader.read_from(self._document, MessageSource(self._message, reader.limits))

    def watch(self, on_lost: OnLost) -> None:
        """Let somebody know when the call ends without an answer of theirs."""
        self._on_lost = on_lost

    def expire(self) -> None:
        """Answer that the deadline has passed, and let the watcher know."""
        error = DeadlineExceededError("the answer was not ready within the time limit")
        on_lost = self._on_lost
        self.fail(error)
        if on_lost is not None:
            on_lost(error)

    def leave(self) -> None:
        """Note that the client has gone, and tell whoever was to answer."""
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            waited = (time.time_ns() - self.received_ns) * 1e-9
            on_lost(departure(waited, self._allowed))

    def reply(
        self, head: ResponseHead, wanted: tuple[RequestedOutput, ...], results: Results
    ) -> None:
        """Answer with results; raises `RequestError`, and then nothing is sent."""
        self.answer.set_result(encode_message(head, wanted, results))
        self._on_lost = None

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        self._on_lost = None
        if not self.answer.done():
            self.answer.set_exception(error)
