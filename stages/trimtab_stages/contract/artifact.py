"""References to stored content and the seeds of names made from digests."""

from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import Digest, StrictModel

StoreKey = Annotated[str, Field(min_length=1, max_length=1024)]
"""A key below the namespace's prefix, without a leading slash."""


class ArtifactRef(StrictModel):
    """Content in the store: where it lies and what its bytes are."""

    key: StoreKey
    """Key in the store."""
    digest: Digest
    """SHA-256 of the bytes."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
