"""A namespace's store as its own credentials see it, reached through a forwarded port."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.forwarded_store import storage_directory
from support.kubectl import Kubectl
from trimtab_stages.store.directory import open_store
from trimtab_stages.store.protocol import Store

SYSTEM_NAMESPACE = "trimtab-system"
STORE_SERVICE = "trimtab-s3"
STORAGE_SECRET = "trimtab-storage"  # noqa: S105 - the name of a Secret, not a secret


@contextmanager
def tenant_store(namespace: str) -> Iterator[Store]:
    """Yield the store that the namespace's Secret describes."""
    with tenant_directory(namespace) as folder:
        yield open_store(folder)


@contextmanager
def tenant_directory(namespace: str) -> Iterator[Path]:
    """Yield the namespace's Secret as its pods have it mounted."""
    secret = Kubectl(namespace).get(f"secret/{STORAGE_SECRET}")["data"]
    with storage_directory(Kubectl(SYSTEM_NAMESPACE), STORE_SERVICE, secret) as folder:
        yield folder
