"""What the operator's release brings to every pod."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """What the operator's release brings: images and the version of the stage code."""

    ingest_image: str
    train_image: str
    server_image: str
    image_pull_policy: str
    code_version: str
    storage_secret: str
