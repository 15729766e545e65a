"""An infer request in an HTTP body: JSON, or JSON with the binary tensor extension."""

from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.http.content import read_body, read_header_length
from trimtab_stages.serve.http.exchange import Exchange
from trimtab_stages.serve.http.message import BINARY_MEDIA, HttpResponse
from trimtab_stages.serve.infer_exchange import OnLost
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.oip.request import InferRequestReader, read_document, read_id
from trimtab_stages.serve.oip.response import ResponseHead, encode_response
from trimtab_stages.serve.oip.tensor_source import Document
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, RequestedOutput

_NOTHING: Document = {}


class HttpInfer:
    """An exchange whose request is an infer request.

    Attributes:
        deadline: loop time after which nobody waits.
        received_ns: arrival, nanoseconds since 1970, UTC.
        size: bytes of the body as sent.
    """

    __slots__ = (
        "_body",
        "_document",
        "_exchange",
        "_header_length",
        "deadline",
        "received_ns",
        "size",
    )

    def __init__(self, exchange: Exchange, body_limit: int) -> None:
        """Read headers and body.

        Args:
            exchange: the request.
            body_limit: most bytes of an inflated body.

        Raises:
            RequestError: wrong headers, or a body that is not what they say.
        """
        request = exchange.request
        self._exchange = exchange
        self._header_length = read_header_length(request)
        self._body = read_body(request, body_limit)
        self._document = _NOTHING
        self.deadline = exchange.deadline
        self.received_ns = request.received_ns
        self.size = len(request.body)

    @property
    def answered(self) -> bool:
        """Whether the answer is out."""
        return self._exchange.answered

    def read_known(self, reader: InferRequestReader) -> InferRequest | None:
        """Return the request if its binary header has been read before, else None."""
        if self._header_length is None:
            return None
        return reader.read_known(self._body, self._header_length)

    def read_id(self, limits: Limits) -> str | None:
        """Parse the JSON and return the id in it; raises `RequestError`."""
        self._document = read_document(self._body, self._header_length)
        return read_id(self._document, limits)

    def read(self, reader: InferRequestReader) -> InferRequest:
        """Return the validated request; raises `RequestError`."""
        if self._document is _NOTHING:
            self._document = read_document(self._body, self._header_length)
        return reader.read(self._document, self._body, self._header_length)

    def watch(self, on_lost: OnLost) -> None:
        """Let somebody know when the exchange ends without an answer of theirs."""
        self._exchange.on_lost = on_lost

    def expire(self) -> None:
        """Answer that the deadline has passed, and let the watcher know."""
        self._exchange.expire()

    def reply(
        self, head: ResponseHead, wanted: tuple[RequestedOutput, ...], results: Results
    ) -> None:
        """Answer with results; raises `RequestError`, and then nothing is sent."""
        encoded = encode_response(head, wanted, results)
        if encoded.header_length is None:
            self._exchange.answer(HttpResponse(200, encoded.body))
            return
        length = b"inference-header-content-length: %d\r\n" % encoded.header_length
        self._exchange.answer(HttpResponse(200, encoded.body, BINARY_MEDIA, length))

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        self._exchange.fail(error)
