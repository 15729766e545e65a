"""Translates boto3's exceptions into the store's own, in this one place."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name for it
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)

from trimtab_stages.store.errors import (
    AccessDenied,
    BucketMissing,
    ClockSkewed,
    ConditionalWriteUnsupported,
    NotFound,
    StoreError,
    StoreFailure,
    StoreUnreachable,
    WrongCredentials,
)

CREDENTIAL_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "XAdminUserNotFound",  # versitygw's word for an unknown access key
    }
)
OVERLOAD_CODES = frozenset(
    {
        "InternalError",
        "QuotaExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "TooManyRequests",
    }
)
NOT_FOUND_CODES = frozenset({"NoSuchKey", "NotFound", "404"})
DENIED_CODES = frozenset({"AccessDenied", "AllAccessDisabled", "Forbidden", "403"})
FIRST_SERVER_ERROR = 500
NOT_IMPLEMENTED = 501


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the store, for messages.

    Attributes:
        operation: what is being done.
        bucket: bucket of the call.
        uri: object of the call.
        endpoint: the store.
        conditional: the call carries `If-None-Match`; a store that rejects the header is
            reported as one without conditional writes.
    """

    operation: str
    bucket: str
    uri: str
    endpoint: str
    conditional: bool = False


@contextlib.contextmanager
def translated(call: Call) -> Iterator[None]:
    """Run a block of boto3 calls; what it raises comes out as a `StoreError`."""
    try:
        yield
    except ClientError as error:
        raise from_answer(error, call) from error
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        raise WrongCredentials(call.endpoint, str(error)) from error
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise StoreUnreachable(call.endpoint, _system_words(error)) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreFailure(call.operation, call.uri, str(error)) from error


def error_code(error: ClientError) -> str:
    """Return S3's error code, or the HTTP status as text where the answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of the answer, 0 if there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def from_answer(error: ClientError, call: Call) -> StoreError:  # noqa: PLR0911 - one line for each kind of answer
    """Return the `StoreError` that an S3 error answer means."""
    code, status = error_code(error), status_of(error)
    if code == "NoSuchBucket":
        return BucketMissing(call.bucket, call.endpoint)
    if code in NOT_FOUND_CODES:
        return NotFound(call.uri)
    if code in CREDENTIAL_CODES:
        return WrongCredentials(call.endpoint, _sentence(error))
    if code == "RequestTimeTooSkewed":
        return ClockSkewed(call.endpoint)
    if code in DENIED_CODES:
        return AccessDenied(call.operation, call.uri)
    if call.conditional and (code == "NotImplemented" or status == NOT_IMPLEMENTED):
        return ConditionalWriteUnsupported(call.endpoint)
    overloaded = code in OVERLOAD_CODES or status == HTTPStatus.TOO_MANY_REQUESTS
    if overloaded or status >= FIRST_SERVER_ERROR:
        return StoreUnreachable(call.endpoint, _sentence(error))
    return StoreFailure(call.operation, call.uri, _sentence(error))


def _system_words(error: BaseException) -> str:
    """Return what the system said (a refused connection, an unknown name), else the error itself.

    The chain of causes goes on to whatever was being handled before, so the first words count.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)


def _sentence(error: ClientError) -> str:
    message = error.response.get("Error", {}).get("Message", "")
    return f"{error_code(error)}: {message}".rstrip(": .")
