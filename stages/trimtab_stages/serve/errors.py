"""What a request can fail with; messages name cause, object and next step, never a value."""

from typing import ClassVar

RETRY_AFTER_SECONDS = 1


class RequestError(Exception):
    """A request that is answered with an HTTP error status and `{"error": message}`.

    Attributes:
        status: HTTP status code.
        code: stable word for the metric label `code`.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequestError(RequestError):
    """The request breaks the protocol or does not fit the model."""

    status = 400
    code = "invalid"


class NotFoundError(RequestError):
    """No such model, version or path."""

    status = 404
    code = "not_found"


class MethodNotAllowedError(RequestError):
    """The path exists, the method does not fit it.

    Attributes:
        allow: the methods that do, for the `Allow` header.
    """

    status = 405
    code = "method"

    def __init__(self, allow: str) -> None:
        super().__init__(f"method not allowed; use {allow}")
        self.allow = allow


class RequestTimeoutError(RequestError):
    """The client did not send its request in time."""

    status = 408
    code = "client_timeout"


class ClientGoneError(RequestError):
    """The client went away before its answer; nobody is told. Status: nginx's."""

    status = 499
    code = "client_gone"


class AbandonedError(RequestError):
    """The client's own time limit passed before its answer; nobody is told."""

    status = 499
    code = "abandoned"


class TooLargeError(RequestError):
    """The body, inflated or not, is over the limit."""

    status = 413
    code = "too_large"


class UnsupportedMediaError(RequestError):
    """Content type or content encoding that the server does not read."""

    status = 415
    code = "media_type"


class InferenceFailedError(RequestError):
    """ONNX Runtime refused or failed the run, or its result has no JSON form."""

    status = 500
    code = "inference"


class UnsupportedError(RequestError):
    """A valid request for something that this server does not do."""

    status = 501
    code = "unsupported"


class NotReadyError(RequestError):
    """The model is known but not loaded yet, or the server is going down."""

    status = 503
    code = "not_ready"


class OverloadedError(RequestError):
    """Too much is waiting already; the request was not started."""

    status = 503
    code = "overloaded"


class OutOfMemoryError(OverloadedError):
    """The run needs more memory than the process may take."""

    code = "out_of_memory"


class DeadlineExceededError(RequestError):
    """The answer was not there within the time limit."""

    status = 504
    code = "deadline"
