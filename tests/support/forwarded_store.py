"""A bucket of an embedded store, reached through a forwarded port with a Secret's credentials."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from support.kubectl import Kubectl
from trimtab_stages.store import Store
from trimtab_stages.store.directory import open_store

PORT = 7070


@contextmanager
def forwarded_store(
    system: Kubectl, service: str, secret: dict[str, str], bucket: str = ""
) -> Iterator[Store]:
    """Yield the store that the data of a Secret describes; see `storage_directory`."""
    with storage_directory(system, service, secret, bucket) as folder:
        yield open_store(folder)


@contextmanager
def storage_directory(
    system: Kubectl, service: str, secret: dict[str, str], bucket: str = ""
) -> Iterator[Path]:
    """Yield a storage directory, as pods have it mounted, that reaches the store from here.

    Args:
        system: kubectl in the store's namespace.
        service: the store's Service.
        secret: data of the Secret, base64.
        bucket: in place of the Secret's own.
    """
    with system.forward(f"svc/{service}", PORT) as address, TemporaryDirectory() as folder:
        for name, value in secret.items():
            Path(folder, name).write_bytes(base64.b64decode(value))
        Path(folder, "endpoint").write_text(f"http://{address}")
        if bucket:
            Path(folder, "bucket").write_text(bucket)
        yield Path(folder)
