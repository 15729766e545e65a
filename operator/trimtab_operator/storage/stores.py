"""Opens the stores that the settings name: one for each namespace, and the audit bucket's."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from trimtab_operator.settings import Storage
from trimtab_stages.store import LocalStore, S3Settings, S3Store, Store

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
ATTEMPTS = 2
MAX_OPEN = 16

Place = tuple[str, str]
"""Bucket, and prefix in it."""


class Stores:
    """Keeps the stores that were used last open; each open client costs about a megabyte.

    Args:
        settings: where the buckets are.
        most_open: stores that are kept open.
    """

    def __init__(self, settings: Storage, most_open: int = MAX_OPEN) -> None:
        self._settings = settings
        self._most_open = most_open
        self._open: OrderedDict[Place, Store] = OrderedDict()
        self._lock = Lock()

    def of_namespace(self, namespace: str) -> Store:
        """Return the data store of a namespace; raises `StoreError`."""
        return self._opened(*self._place_of(namespace))

    def of_audit(self) -> Store:
        """Return the store of the audit chain; raises `StoreError`."""
        return self._opened(self._settings.audit_bucket, "")

    def forget(self, namespace: str) -> None:
        """Open a namespace's store anew: credentials, or what they point at, may have changed.

        The stores of the others stay open: what is wrong with one tenant's is none of theirs.
        """
        self._close(*self._place_of(namespace))

    def forget_audit(self) -> None:
        """Open the store of the audit chain anew."""
        self._close(self._settings.audit_bucket, "")

    def _place_of(self, namespace: str) -> Place:
        prefix = self._settings.prefix.format(namespace=namespace).strip("/")
        return self._settings.bucket_of(namespace), prefix

    def _close(self, bucket: str, prefix: str) -> None:
        with self._lock:
            self._open.pop((bucket, prefix), None)

    def _opened(self, bucket: str, prefix: str) -> Store:
        place = bucket, prefix
        with self._lock:
            if place not in self._open:
                self._open[place] = self._connect(bucket, prefix)
            self._open.move_to_end(place)
            while len(self._open) > self._most_open:
                self._open.popitem(last=False)
            return self._open[place]

    def _connect(self, bucket: str, prefix: str) -> Store:
        if self._settings.path is not None:
            return LocalStore(self._settings.path / bucket / prefix)
        folder = self._settings.credentials_dir
        authority = folder / "caBundle" if folder else None
        return S3Store(
            S3Settings(
                bucket=bucket,
                endpoint=self._settings.endpoint,
                prefix=prefix,
                region=self._settings.region,
                access_key_id=_read(folder, "accessKeyId"),
                secret_access_key=_read(folder, "secretAccessKey"),
                ca_bundle=authority if authority and authority.is_file() else None,
                connect_timeout_seconds=CONNECT_SECONDS,
                read_timeout_seconds=READ_SECONDS,
                max_attempts=ATTEMPTS,
            )
        )


def _read(folder: Path | None, name: str) -> str | None:
    if folder is None or not (folder / name).is_file():
        return None
    return (folder / name).read_text(encoding="utf-8").strip() or None
