"""Errors in gRPC's words."""

import pytest
from grpc import StatusCode

from trimtab_stages.serve import errors
from trimtab_stages.serve.grpc.status import status_of, trailers_of


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [
        (errors.InvalidRequestError("m"), StatusCode.INVALID_ARGUMENT, False),
        (errors.NotFoundError("m"), StatusCode.NOT_FOUND, False),
        (errors.TooLargeError("m"), StatusCode.RESOURCE_EXHAUSTED, False),
        (errors.UnsupportedError("m"), StatusCode.UNIMPLEMENTED, False),
        (errors.NotReadyError("m"), StatusCode.UNAVAILABLE, True),
        (errors.OverloadedError("m"), StatusCode.RESOURCE_EXHAUSTED, True),
        (errors.OutOfMemoryError("m"), StatusCode.RESOURCE_EXHAUSTED, True),
        (errors.DeadlineExceededError("m"), StatusCode.DEADLINE_EXCEEDED, False),
        (errors.InferenceFailedError("m"), StatusCode.INTERNAL, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_has_its_code(
    error: errors.RequestError, code: StatusCode, *, retry: bool
) -> None:
    assert status_of(error) is code
    assert trailers_of(error) == ((("grpc-retry-pushback-ms", "1000"),) if retry else ())
