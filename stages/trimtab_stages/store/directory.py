"""Opens the store that a mounted storage directory (a Secret) describes."""

from dataclasses import dataclass
from pathlib import Path

from trimtab_stages.store.errors import InvalidKey, InvalidStorageSettings
from trimtab_stages.store.key import check_key
from trimtab_stages.store.local import LocalStore
from trimtab_stages.store.protocol import Store
from trimtab_stages.store.s3 import S3Settings, S3Store

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """What the directory says: exactly one of the two is set.

    Attributes:
        path: directory of a local store.
        s3: an S3 bucket.
    """

    path: Path | None = None
    s3: S3Settings | None = None


def open_store(directory: Path) -> Store:
    """Open the store described by the files of `directory`.

    Files of an S3 store: `bucket` and, each optional, `endpoint`, `prefix`, `region`,
    `accessKeyId` with `secretAccessKey`, `caBundle` (PEM). File of a local store: `path`.

    Raises:
        InvalidStorageSettings: the files do not describe one store.
        BucketMissing: the directory of a local store does not exist.
    """
    settings = read_settings(directory)
    if settings.path is not None:
        return LocalStore(settings.path)
    if settings.s3 is None:
        raise InvalidStorageSettings(str(directory), "neither `path` nor `bucket` is there")
    return S3Store(settings.s3)


def read_settings(directory: Path) -> StorageSettings:
    """Read and check the files of a mounted storage directory.

    Raises:
        InvalidStorageSettings: the files do not describe one store.
    """
    path, bucket = _read(directory, "path"), _read(directory, "bucket")
    if (path is None) == (bucket is None):
        cause = "exactly one of the files `bucket` (S3) and `path` (local) must be there"
        raise InvalidStorageSettings(str(directory), cause)
    if path is not None:
        return StorageSettings(path=Path(path))
    return StorageSettings(s3=_read_s3(directory, bucket or ""))


def _read_s3(directory: Path, bucket: str) -> S3Settings:
    access, secret = _read(directory, "accessKeyId"), _read(directory, "secretAccessKey")
    if (access is None) != (secret is None):
        cause = "`accessKeyId` and `secretAccessKey` belong together, one is missing"
        raise InvalidStorageSettings(str(directory), cause)
    endpoint = _read(directory, "endpoint")
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        cause = f"`endpoint` {endpoint!r} does not start with http:// or https://"
        raise InvalidStorageSettings(str(directory), cause)
    ca_bundle = directory / "caBundle"
    return S3Settings(
        bucket=bucket,
        endpoint=endpoint,
        prefix=_read_prefix(directory),
        region=_read(directory, "region") or DEFAULT_REGION,
        access_key_id=access,
        secret_access_key=secret,
        ca_bundle=ca_bundle if ca_bundle.is_file() else None,
    )


def _read_prefix(directory: Path) -> str:
    prefix = (_read(directory, "prefix") or "").strip("/")
    try:
        return check_key(prefix) if prefix else ""
    except InvalidKey as error:
        raise InvalidStorageSettings(str(directory), f"`prefix`: {error}") from error


def _read(directory: Path, name: str) -> str | None:
    """Return a file's stripped text; an absent or empty file is None."""
    try:
        return (directory / name).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidStorageSettings(str(directory), f"file `{name}`: {error}") from error
