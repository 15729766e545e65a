import errno
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from trimtab_stages.store.errors import StoreError
from trimtab_stages.store.s3_errors import Call, translated

CALL = Call("put", "data", "s3://data/k", "http://s3", conditional=True)


def answer(code: str, status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "said so"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("raised", "reason", "retryable"),
    [
        (answer("NoSuchBucket", 404), "BucketMissing", False),
        (answer("NoSuchKey", 404), "NotFound", False),
        (answer("404", 404), "NotFound", False),
        (answer("InvalidAccessKeyId", 403), "WrongCredentials", False),
        (answer("SignatureDoesNotMatch", 403), "WrongCredentials", False),
        (answer("RequestTimeTooSkewed", 403), "ClockSkewed", False),
        (answer("AccessDenied", 403), "AccessDenied", False),
        (answer("403", 403), "AccessDenied", False),
        (answer("NotImplemented", 501), "ConditionalWriteUnsupported", False),
        (answer("SlowDown", 503), "StoreUnreachable", True),
        (answer("502", 502), "StoreUnreachable", True),
        (answer("EntityTooLarge", 400), "StoreFailure", False),
        (EndpointConnectionError(endpoint_url="http://s3"), "StoreUnreachable", True),
        (ConnectTimeoutError(endpoint_url="http://s3"), "StoreUnreachable", True),
        (ReadTimeoutError(endpoint_url="http://s3"), "StoreUnreachable", True),
        (NoCredentialsError(), "WrongCredentials", False),
        (ParamValidationError(report="bad name"), "StoreFailure", False),
    ],
    ids=lambda value: value.response["Error"]["Code"] if isinstance(value, ClientError) else None,
)
def test_names_the_fault(raised: Exception, reason: str, retryable: bool) -> None:  # noqa: FBT001 - a table's column
    with pytest.raises(StoreError) as caught, translated(CALL):
        raise raised
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)
    assert any(name in caught.value.message for name in ("s3://data/k", "http://s3", "'data'"))


def test_the_systems_own_words_are_the_cause_whatever_was_handled_before() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    refused.__context__ = FileExistsError(errno.EEXIST, "File exists")
    unreachable = EndpointConnectionError(endpoint_url="http://s3/data/k", error=refused)
    unreachable.__cause__ = refused
    with pytest.raises(StoreError) as caught, translated(CALL):
        raise unreachable
    assert caught.value.message.startswith(
        "object store http://s3 cannot be reached: Connection refused; correct `endpoint`"
    )


def test_501_to_an_unconditional_call_is_the_stores_fault() -> None:
    with pytest.raises(StoreError) as caught, translated(Call("get", "b", "s3://b/k", "http://s3")):
        raise answer("NotImplemented", 501)
    assert caught.value.reason == "StoreUnreachable"
