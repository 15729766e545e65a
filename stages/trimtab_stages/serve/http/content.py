"""Content type, content encoding and the binary header's length of an infer request."""

import zlib
from functools import lru_cache

from trimtab_stages.serve.errors import InvalidRequestError, TooLargeError, UnsupportedMediaError
from trimtab_stages.serve.http.message import BINARY_MEDIA, JSON_MEDIA, HttpRequest

_WINDOW_BITS = {b"gzip": 31, b"deflate": 15}
"""zlib window bits: 31 is the gzip container, 15 the zlib one (RFC 9110, 8.4.1)."""

_LENGTH_DIGITS = 12

KNOWN_TYPES = 256
"""Pairs of content type and header length that are not read again; clients repeat a handful."""


def read_body(request: HttpRequest, limit: int) -> bytes:
    """Return the body, inflated to at most `limit` bytes.

    Raises:
        UnsupportedMediaError: an encoding other than gzip, deflate and identity.
        TooLargeError: inflates to more than `limit`.
        InvalidRequestError: not what its encoding says.
    """
    given = request.head.content_encoding
    if not given:
        return request.body
    encoding = given.strip().lower()
    if encoding in {b"", b"identity"}:
        return request.body
    bits = _WINDOW_BITS.get(encoding)
    if bits is None:
        raise UnsupportedMediaError("content encodings taken: gzip, deflate, identity")
    inflater = zlib.decompressobj(bits)
    try:
        body = inflater.decompress(request.body, limit)
    except zlib.error:
        raise InvalidRequestError("the body is not what Content-Encoding says") from None
    if inflater.unconsumed_tail:
        raise TooLargeError(f"the inflated body is over {limit} bytes; send fewer rows at once")
    if not inflater.eof or inflater.unused_data:
        raise InvalidRequestError("the body is not what Content-Encoding says")
    return body


def read_header_length(request: HttpRequest) -> int | None:
    """Return the length of the JSON part of a binary body, None for JSON alone.

    Raises:
        InvalidRequestError: not a whole number.
        UnsupportedMediaError: a content type that does not go with it.
    """
    return _header_length(request.head.content_type, request.head.header_length)


@lru_cache(maxsize=KNOWN_TYPES)
def _header_length(content_type: bytes, header_length: bytes) -> int | None:
    media = content_type.partition(b";")[0].strip().lower()
    if not header_length:
        if media not in {b"", JSON_MEDIA}:
            raise UnsupportedMediaError(
                "send Content-Type: application/json, or application/octet-stream with "
                "Inference-Header-Content-Length"
            )
        return None
    if media not in {b"", BINARY_MEDIA, JSON_MEDIA}:
        raise UnsupportedMediaError("send Content-Type: application/octet-stream")
    digits = header_length.strip()
    if not digits.isdigit() or len(digits) > _LENGTH_DIGITS:
        raise InvalidRequestError("Inference-Header-Content-Length must be a whole number of bytes")
    return int(digits)
