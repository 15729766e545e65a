"""Request heads that have been read before: clients repeat theirs byte by byte."""

from dataclasses import dataclass

from trimtab_stages.serve.http.message import RequestHead

KNOWN_HEADS = 256
KNOWN_HEAD_BYTES = 2048
"""Bounds on the heads that are remembered: 512 KiB together."""

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head that the parser has read, followed by nothing but its body.

    Attributes:
        head: what it says.
        length: bytes of the body.
    """

    head: RequestHead
    length: int


class KnownHeads:
    """Heads by their bytes, for requests that arrive in one piece.

    The parser has accepted the same bytes before and the body's length is in them, so reading them
    again would give the same.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, KnownHead] = {}

    def find(self, data: bytes) -> tuple[RequestHead, bytes] | None:
        """Return head and body if `data` is one whole request with a known head, else None."""
        end = data.find(_END) + len(_END)
        known = self._known.get(data[:end])
        if known is None or len(data) != end + known.length:
            return None
        return known.head, data[end:]

    def remember(self, data: bytes, head: RequestHead, body: bytes, length: bytes | None) -> None:
        """Remember the head of a request, if all that frames it is its content length.

        Args:
            data: the bytes of exactly one request.
            head: its head.
            body: its body.
            length: its `Content-Length`, None when absent.
        """
        end = data.find(_END) + len(_END)
        framed = len(body) == int(length or b"0") and len(data) == end + len(body)
        if not framed or not head.keep_alive or head.traceparent or end > KNOWN_HEAD_BYTES:
            return
        if len(self._known) >= KNOWN_HEADS:
            self._known.clear()
        self._known[data[:end]] = KnownHead(head, len(body))
