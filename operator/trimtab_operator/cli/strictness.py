"""Checks one object exactly as `kubectl apply` would: unknown fields and wrong types refused."""

import json
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from trimtab_operator.api.base import API_VERSION, GROUP
from trimtab_operator.api.kinds import BY_KIND, KINDS, TrimtabObject
from trimtab_operator.cli.manifest_files import Document, FieldPath

__all__ = ["Finding", "TrimtabObject", "check_object", "dotted", "finding", "is_trimtab"]
TOP_LEVEL = ("apiVersion", "kind", "metadata", "spec", "status")
SHOWN_CHARACTERS = 60

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an object that a person should know."""

    file: str
    line: int
    object: str
    """`Kind/name`."""
    field: str
    """Path of the field, `spec.gates[0].metric`; empty for the whole object."""
    message: str
    """Cause and next step."""
    severity: Severity = "error"

    @property
    def is_error(self) -> bool:
        """Whether the object is refused for it."""
        return self.severity == "error"


def is_trimtab(document: Document) -> bool:
    """Return whether the object belongs to Trimtab's API group, by group or by kind."""
    group = str(document.body.get("apiVersion", "")).partition("/")[0]
    return group == GROUP or (document.kind in BY_KIND and "apiVersion" not in document.body)


def check_object(document: Document) -> tuple[TrimtabObject | None, list[Finding]]:
    """Return the typed object, or None with everything that is wrong with it."""
    heading = list(_check_heading(document))
    kind = BY_KIND.get(document.kind)
    if kind is None:
        return None, heading
    body = {key: document.body.get(key, {}) for key in ("metadata", "spec")}
    try:
        parsed = kind.object_type.model_validate_json(
            json.dumps(body), strict=True, by_alias=True, by_name=False
        )
    except ValidationError as error:
        details = [_explain(document, kind.object_type, detail) for detail in error.errors()]
        return None, [*heading, *sorted(details, key=lambda finding: finding.line)]
    return (None if heading else parsed), heading


def finding(
    document: Document, path: FieldPath, message: str, severity: Severity = "error"
) -> Finding:
    """Return an error, or a warning, about one field of an object."""
    return Finding(
        file=str(document.file),
        line=document.line_of(path),
        object=document.title,
        field=dotted(path),
        message=message,
        severity=severity,
    )


def dotted(path: FieldPath) -> str:
    """Return `spec.gates[0].metric` for a path."""
    words = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(words).removeprefix(".")


def _check_heading(document: Document) -> Iterator[Finding]:
    version = document.body.get("apiVersion")
    if version != API_VERSION:
        yield finding(document, ("apiVersion",), f"must be '{API_VERSION}', found '{version}'")
    if document.kind not in BY_KIND:
        known = [kind.kind for kind in KINDS]
        yield finding(
            document, ("kind",), f"'{document.kind}' is no kind; {_hint(document.kind, known)}"
        )
    for key in document.body:
        if key not in TOP_LEVEL:
            yield finding(document, (key,), f"unknown field; {_hint(key, TOP_LEVEL)}")


def _explain(document: Document, model: type[BaseModel], detail: Any) -> Finding:  # noqa: ANN401 - a pydantic error, a TypedDict of pydantic-core
    path: FieldPath = tuple(detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            known = _field_names(model, path[:-1])
            message = f"unknown field; {_hint(str(path[-1]), known)}"
        case "missing":
            message = "must be set"
        case "value_error":
            message = str(detail["ctx"]["error"])
        case "enum":
            message = f"must be one of {detail['ctx']['expected']}, found {_shown(detail['input'])}"
        case _:
            message = (
                f"{detail['msg'].replace('Input should', 'must')}, found {_shown(detail['input'])}"
            )
    return finding(document, path, message)


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _hint(name: str, known: Sequence[str]) -> str:
    """Return `did you mean ...`, or all known names where none is near."""
    lowered = {item.lower(): item for item in known}
    plain = name.lower().replace("_", "").replace("-", "")
    near = get_close_matches(plain, lowered, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{lowered[near[0]]}`?"
    return f"known are {', '.join(f'`{item}`' for item in sorted(known))}"


def _field_names(model: type[BaseModel], path: FieldPath) -> list[str]:
    """Return the field names, as written in manifests, of the model at a path."""
    for part in path:
        if isinstance(part, int):
            continue
        annotation = next(
            (info.annotation for info in model.model_fields.values() if info.alias == part), None
        )
        inner = _model_in(annotation)
        if inner is None:
            return []
        model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the pydantic model inside `X | None`, `list[X]` or `Annotated[X, ...]`."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    inner = (_model_in(argument) for argument in typing.get_args(annotation))
    return next((model for model in inner if model is not None), None)
