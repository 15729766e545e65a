"""Words of an enum that are stored: one that a newer Trimtab wrote is read as it stands.

After a downgrade the older program meets such words in status and audit log. It acts on none of
them, for no branch names it, and it writes them back unchanged. What people write, a spec, stays
strict.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import (
    GetCoreSchemaHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

MAX_CHARS = 128
WORD = re.compile(rf"[A-Za-z][A-Za-z0-9]{{0,{MAX_CHARS - 1}}}")

Words = TypeVar("Words", bound=StrEnum)


def read_word(words: type[Words], value: str) -> Words:
    """Return the member of a word, or a value of its type that equals no member.

    Raises:
        ValueError: it is no word at all.
    """
    if value in {member.value for member in words}:
        return words(value)
    if WORD.fullmatch(value) is None:
        raise ValueError(f"'{value[:MAX_CHARS]}' is no word")
    word = str.__new__(words, value)
    word._name_ = word._value_ = value
    return word


@dataclass(frozen=True, slots=True)
class KeepUnknown:
    """Lets a field of an enum keep a word that is no member."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401 - pydantic's own signature
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        """Read what is no member with `read_word`."""

        def read(value: object, known: ValidatorFunctionWrapHandler) -> object:
            try:
                return known(value)
            except ValidationError:
                if not isinstance(value, str):
                    raise
                return read_word(source, value)

        return core_schema.no_info_wrap_validator_function(read, handler(source))


Stored = Annotated[
    Words,
    KeepUnknown(),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_CHARS}),
]
"""A stored word. The API server accepts others than are known now: it would refuse a status in
which the older operator leaves one standing."""
