"""The operator's settings: one mounted YAML file, read once at start."""

from pathlib import Path
from typing import Annotated, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from trimtab_operator.domain.observed import Release
from trimtab_operator.errors import InvalidSettings
from trimtab_stages.contract.base import ObjectName, StrictModel

PullPolicy = Annotated[str, Field(pattern="^(Always|IfNotPresent|Never)$")]
Port = Annotated[int, Field(ge=0, le=65_535)]
Read = TypeVar("Read", bound=StrictModel)


class Images(StrictModel):
    """Images of the release, one for each kind of tenant pod."""

    ingest: Annotated[str, Field(min_length=1)]
    """Image of ingest pods."""
    train: Annotated[str, Field(min_length=1)]
    """Image of training pods."""
    server: Annotated[str, Field(min_length=1)]
    """Image of model servers."""


class Storage(StrictModel):
    """Where the tenants' results and the audit chain lie."""

    endpoint: str | None = None
    """URL of the S3 store. Default: AWS."""
    region: str = "us-east-1"
    """Region that requests are signed for."""
    bucket_template: str = "trimtab-{namespace}"
    """Bucket of a namespace that `buckets` does not name."""
    buckets: dict[str, str] = Field(default_factory=dict)
    """Bucket by namespace, where it is not the template's."""
    prefix: str = ""
    """Every key in a data bucket is below it; may contain `{namespace}`."""
    audit_bucket: str = "trimtab-audit"
    """Bucket of the audit chain; only the operator may write it."""
    credentials_dir: Path | None = None
    """Mounted Secret with `accessKeyId`, `secretAccessKey` and perhaps `caBundle`.
    Default: the platform's own identity."""
    path: Path | None = None
    """Directory whose subdirectories are the buckets, in place of S3. For one machine only."""

    def bucket_of(self, namespace: str) -> str:
        """Return the name of a namespace's data bucket."""
        default = self.bucket_template.format(namespace=namespace)
        return self.buckets.get(namespace, default)

    @model_validator(mode="after")
    def _templates_are_usable(self) -> Self:
        for field, template in (("bucketTemplate", self.bucket_template), ("prefix", self.prefix)):
            try:
                template.format(namespace="n")
            except (IndexError, KeyError, ValueError) as error:
                raise ValueError(f"`{field}` may only contain {{namespace}}") from error
        return self


class LeaseSettings(StrictModel):
    """The Lease that elects the one active operator."""

    name: ObjectName = "trimtab-operator"
    """Name of the Lease."""
    namespace: ObjectName = "trimtab-system"
    """Its namespace, the operator's own."""
    seconds: Annotated[int, Field(ge=3, le=600)] = 15
    """A holder that was silent for so long may be replaced, seconds."""


class Ports(StrictModel):
    """Ports that the operator listens on."""

    health: Port = 8080
    """`/healthz` and `/readyz`."""
    metrics: Port = 9090
    """`/metrics`."""


class Retrain(StrictModel):
    """What holds for the retrains of all DriftMonitors together."""

    max_concurrent: Annotated[int, Field(ge=1, le=1000)] = 4
    """Retrains that may be active at once; others wait for a slot."""


class Settings(StrictModel):
    """Everything that the operator is told by its release."""

    images: Images
    """Images of tenant pods."""
    image_pull_policy: PullPolicy = "IfNotPresent"
    """Pull policy of tenant pods."""
    code_version: Annotated[str, Field(min_length=1, max_length=128)]
    """Version of the stage code; part of every cache key."""
    ray_version: Annotated[str, Field(max_length=32)] = "2.60.0"
    """Version of Ray in the training image. Where KubeRay's API is in the cluster, runs are its
    RayJobs; empty keeps them Jobs all the same."""
    storage_secret: ObjectName = "trimtab-storage"  # noqa: S105 - the name of a Secret, not one
    """Secret of each namespace that tenant pods mount as their storage directory."""
    namespaces: list[ObjectName] = Field(default_factory=list)
    """Namespaces that are watched. Default: all."""
    storage: Storage = Field(default_factory=Storage)
    """Where results lie."""
    lease: LeaseSettings = Field(default_factory=LeaseSettings)
    """Leader election."""
    ports: Ports = Field(default_factory=Ports)
    """Listening ports; 0 takes a free one."""
    resync_seconds: Annotated[int, Field(ge=5, le=86_400)] = 120
    """How often every object is looked at again, seconds."""
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    """Objects that are reconciled at the same time."""
    retrain: Retrain = Field(default_factory=Retrain)
    """What holds for all retrains together."""
    field_manager: Annotated[str, Field(min_length=1, max_length=128)] = "trimtab-operator"
    """Field manager of every server-side apply."""

    @property
    def release(self) -> Release:
        """Return what decisions need to know of the release."""
        return Release(
            ingest_image=self.images.ingest,
            train_image=self.images.train,
            server_image=self.images.server,
            image_pull_policy=self.image_pull_policy,
            code_version=self.code_version,
            storage_secret=self.storage_secret,
            ray_version=self.ray_version,
        )


def read_settings(path: Path) -> Settings:
    """Read the settings file.

    Raises:
        InvalidSettings: the file is missing, is no YAML, or has a wrong field.
    """
    return read_file(path, Settings)


def read_file(path: Path, wanted: type[Read]) -> Read:
    """Read a YAML file as one model.

    Raises:
        InvalidSettings: the file is missing, is no YAML, or has a wrong field.
    """
    try:
        return wanted.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InvalidSettings(path, str(error)) from error
    except yaml.YAMLError as error:
        raise InvalidSettings(path, f"is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidSettings(path, f"`{field}`: {first['msg']}") from error
