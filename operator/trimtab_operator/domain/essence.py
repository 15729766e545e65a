"""What people chose in a spec: its values without those that equal the defaults.

Identities are made of it, so that a release that adds a field with a default starts nothing, and
neither does a default that somebody writes out.
"""

from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from trimtab_stages.contract.base import StrictModel

_NO_DEFAULT = object()
"""Equals no value."""


def essence(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in JSON form, models without the fields that have their default."""
    if isinstance(value, StrictModel):
        chosen = {
            alias: item
            for name, alias, default in _fields(type(value))
            if not _is_default(item := getattr(value, name), default)
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


@cache
def _fields(kind: type[StrictModel]) -> tuple[tuple[str, str, object], ...]:
    """Return a model's fields: attribute, name in JSON form and default, which is only compared.

    A spec's identity is asked for at every look, and Pydantic makes a default anew for everyone.
    """
    return tuple(
        (name, field.alias or name, _default(field)) for name, field in kind.model_fields.items()
    )


def _default(field: FieldInfo) -> object:
    if field.is_required():
        return _NO_DEFAULT
    return field.get_default(call_default_factory=True, validated_data={})


def _is_default(value: object, default: object) -> bool:
    if isinstance(value, Decimal) and isinstance(default, str):
        return value == Decimal(default)
    return bool(value == default)
