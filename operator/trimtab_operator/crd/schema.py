"""JSON schema of a model with what pydantic leaves out: CEL rules and made defaults."""

from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from trimtab_operator.api.cel import rules_of
from trimtab_stages.contract.base import StrictModel

CEL_KEY = "x-kubernetes-validations"


class AnnotatedSchema(GenerateJsonSchema):
    """pydantic's generator, plus `x-kubernetes-validations` and defaults from factories."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return a model's schema with its CEL rules."""
        found = super().model_schema(schema)
        rules = rules_of(schema["cls"])
        return found | {CEL_KEY: [rule.to_wire() for rule in rules]} if rules else found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return a field's schema with its default in wire form."""
        found = self.generate_inner(schema["schema"])
        make = schema.get("default_factory")
        default = schema.get("default") if make is None else _made(make)
        if default is None:
            return found
        wire = default_to_wire(default)
        if "$ref" in found:
            return {"allOf": [found], "default": wire}
        return found | {"default": wire}


def _made(make: Callable[..., object]) -> object:
    """Return what a field's factory makes; Trimtab's factories take no other fields."""
    return make()


def default_to_wire(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a default as the schema holds it.

    An object that equals its own defaults is `{}`: the API server fills in the rest.
    """
    if isinstance(value, StrictModel):
        return value.to_wire() if _differs_from_defaults(value) else {}
    if isinstance(value, list):
        return [item.to_wire() if isinstance(item, StrictModel) else item for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.value if isinstance(value, Enum) else value


def _differs_from_defaults(value: StrictModel) -> bool:
    required = any(field.is_required() for field in type(value).model_fields.values())
    return required or value != type(value)()


def annotated_schema(model: type[StrictModel]) -> JsonSchemaValue:
    """Return a model's JSON schema with references, camelCase names, rules and defaults."""
    return model.model_json_schema(by_alias=True, schema_generator=AnnotatedSchema)
