"""What a request's error is called in gRPC.

Source: google.rpc.Code; OIP v2 `inference_grpc.md` leaves the choice to the server.
"""

from grpc import StatusCode

from trimtab_stages.serve.errors import (
    RETRY_AFTER_SECONDS,
    DeadlineExceededError,
    InvalidRequestError,
    NotFoundError,
    NotReadyError,
    OverloadedError,
    RequestError,
    TooLargeError,
    UnsupportedError,
)

_CODES: tuple[tuple[type[RequestError], StatusCode], ...] = (
    (InvalidRequestError, StatusCode.INVALID_ARGUMENT),
    (NotFoundError, StatusCode.NOT_FOUND),
    (NotReadyError, StatusCode.UNAVAILABLE),
    (OverloadedError, StatusCode.RESOURCE_EXHAUSTED),
    (TooLargeError, StatusCode.RESOURCE_EXHAUSTED),
    (DeadlineExceededError, StatusCode.DEADLINE_EXCEEDED),
    (UnsupportedError, StatusCode.UNIMPLEMENTED),
)

_PUSHBACK = (("grpc-retry-pushback-ms", str(RETRY_AFTER_SECONDS * 1000)),)


def status_of(error: RequestError) -> StatusCode:
    """Return the status code of an error; INTERNAL where the server is at fault."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return StatusCode.INTERNAL


def trailers_of(error: RequestError) -> tuple[tuple[str, str], ...]:
    """Return the trailing metadata of an error: when to try again, where that helps.

    Source: gRFC A6, "Server pushback".
    """
    return _PUSHBACK if isinstance(error, NotReadyError | OverloadedError) else ()
