"""What people chose in a spec: its values without those that equal the defaults.

Identities are made of it, so that a release that adds a field with a default starts nothing, and
neither does a default that somebody writes out.
"""

from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic.fields import FieldInfo

from trimtab_stages.contract.base import StrictModel


def essence(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in JSON form, models without the fields that have their default."""
    if isinstance(value, StrictModel):
        chosen = {
            field.alias or name: getattr(value, name)
            for name, field in type(value).model_fields.items()
            if not _is_default(getattr(value, name), field)
        }
        return {name: essence(item) for name, item in chosen.items()}
    if isinstance(value, list | tuple):
        return [essence(item) for item in value]
    if isinstance(value, dict):
        return {str(key): essence(item) for key, item in value.items()}
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, str | int | bool | None) else str(value)


def _is_default(value: object, field: FieldInfo) -> bool:
    if field.is_required():
        return False
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Decimal) and isinstance(default, str):
        return value == Decimal(default)
    return bool(value == default)
