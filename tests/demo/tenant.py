"""A namespace's store as its own credentials see it, reached through a forwarded port."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from support.kubectl import Kubectl
from trimtab_stages.store.directory import open_store
from trimtab_stages.store.protocol import Store

SYSTEM_NAMESPACE = "trimtab-system"
STORE_SERVICE = "svc/trimtab-s3"
STORE_PORT = 7070
STORAGE_SECRET = "trimtab-storage"  # noqa: S105 - the name of a Secret, not a secret


@contextmanager
def tenant_store(namespace: str) -> Iterator[Store]:
    """Yield the store that the namespace's Secret describes."""
    secret = Kubectl(namespace).get(f"secret/{STORAGE_SECRET}")["data"]
    with (
        Kubectl(SYSTEM_NAMESPACE).forward(STORE_SERVICE, STORE_PORT) as address,
        TemporaryDirectory() as folder,
    ):
        for name, value in secret.items():
            Path(folder, name).write_bytes(base64.b64decode(value))
        Path(folder, "endpoint").write_text(f"http://{address}")
        yield open_store(Path(folder))
