"""Base models, decimal strings and canonical digests shared by every contract."""

import hashlib
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

DECIMAL_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,9})?$"


def _to_decimal(value: object) -> Decimal:
    """Read a decimal string; numbers are refused, because 0.1 has no exact binary form."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(DECIMAL_PATTERN, value):
        return Decimal(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"must be a decimal string such as '{value}', not a number")  # noqa: TRY004 - pydantic turns ValueError into a field error
    raise ValueError("must be a decimal string such as '0.05'")


DecimalString = Annotated[
    Decimal,
    BeforeValidator(_to_decimal),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": DECIMAL_PATTERN, "maxLength": 24}),
]
"""A decimal number written as a string, so that it survives YAML, JSON and Go unchanged."""

ColumnName = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
]
"""A column name: letters, digits and underscores, at most 63 characters."""

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$", max_length=71)]
"""Content digest, `sha256:` and 64 hexadecimal digits."""

ObjectName = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
"""A Kubernetes object name that is also a DNS label (RFC 1123)."""


class StrictModel(BaseModel):
    """Frozen model with camelCase keys that refuses unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="null",
    )

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON form: camelCase keys, absent optional values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class StoredModel(StrictModel):
    """A format kept in the object store; a reader that meets a newer version says so."""

    SCHEMA_VERSION: ClassVar[int] = 1

    schema_version: Annotated[int, Field(ge=1)] = 1
    """Version of this stored format; readers refuse versions newer than their own."""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse stored bytes.

        Raises:
            NewerSchemaError: the object was written by a newer Trimtab.
            pydantic.ValidationError: the object does not have this format.
        """
        try:
            found = cls.model_validate_json(data)
        except ValidationError:
            raw = json.loads(data)
            cls._refuse_newer(raw.get("schemaVersion") if isinstance(raw, dict) else None)
            raise
        cls._refuse_newer(found.schema_version)
        return found

    @classmethod
    def _refuse_newer(cls, version: object) -> None:
        if isinstance(version, int) and version > cls.SCHEMA_VERSION:
            raise NewerSchemaError(cls.__name__, version, cls.SCHEMA_VERSION)

    def to_bytes(self) -> bytes:
        """Return the canonical bytes: sorted keys, no spaces, UTF-8."""
        return canonical_json(self.to_wire())


class NewerSchemaError(Exception):
    """A stored object has a schema version that this program does not know."""

    def __init__(self, name: str, found: int, known: int) -> None:
        super().__init__(
            f"{name} has schemaVersion {found}, this program reads up to {known}; "
            "upgrade this component to the version that wrote it"
        )


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the one byte form of a JSON value that digests are taken of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest_of_bytes(data: bytes) -> str:
    """Return `sha256:<hex>` of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of(value: Any) -> str:  # noqa: ANN401 - any JSON value or model
    """Return the digest of a model's or a JSON value's canonical form."""
    wire = value.to_wire() if isinstance(value, StrictModel) else value
    return digest_of_bytes(canonical_json(wire))


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _rfc3339(value: datetime) -> str:
    timespec = "microseconds" if value.microsecond else "seconds"
    return value.isoformat(timespec=timespec).replace("+00:00", "Z")


UtcTime = Annotated[
    datetime,
    AfterValidator(_to_utc),
    PlainSerializer(_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in UTC, written as RFC 3339 with `Z`."""
