"""Object storage behind one protocol: S3 and local files.

Every byte that outlives a pod goes through a `Store`. Keys are written once; the first writer wins
and a second writer is told whether its bytes are the same. Callers import names from here.
"""

from trimtab_stages.store.directory import StorageSettings, open_store, read_settings
from trimtab_stages.store.errors import (
    AccessDenied,
    ArtifactConflict,
    BucketMissing,
    ClockSkewed,
    ConditionalWriteUnsupported,
    InvalidKey,
    InvalidStorageSettings,
    NotFound,
    StoreError,
    StoreFailure,
    StoreUnreachable,
    WrongCredentials,
)
from trimtab_stages.store.local import LocalStore
from trimtab_stages.store.probe import probe
from trimtab_stages.store.protocol import AlreadyThere, Entry, Outcome, Store, Written
from trimtab_stages.store.s3 import S3Settings, S3Store

__all__ = [
    "AccessDenied",
    "AlreadyThere",
    "ArtifactConflict",
    "BucketMissing",
    "ClockSkewed",
    "ConditionalWriteUnsupported",
    "Entry",
    "InvalidKey",
    "InvalidStorageSettings",
    "LocalStore",
    "NotFound",
    "Outcome",
    "S3Settings",
    "S3Store",
    "StorageSettings",
    "Store",
    "StoreError",
    "StoreFailure",
    "StoreUnreachable",
    "Written",
    "WrongCredentials",
    "open_store",
    "probe",
    "read_settings",
]
