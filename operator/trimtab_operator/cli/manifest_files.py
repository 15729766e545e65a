"""Reads manifests from files and folders, with the line of every field."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trimtab_operator.cli.exits import Refusal

SUFFIXES = (".yaml", ".yml", ".json")
TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"

FieldPath = tuple[str | int, ...]


class ManifestLoader(yaml.CSafeLoader):
    """YAML as the API server reads it: time stamps stay text, a repeated key is an error.

    The API server's parser is libyaml in Go; this one is libyaml itself, and far faster than
    PyYAML's own.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature of PyYAML
        """Return a mapping.

        Raises:
            yaml.constructor.ConstructorError: a key stands twice.
        """
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{key.value}` stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


ManifestLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP_TAG]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file."""

    file: Path
    line: int
    """Line of its first field, from 1."""
    body: dict[str, Any]
    lines: dict[FieldPath, int] = field(default_factory=dict, repr=False)
    """Line of every field, from 1."""

    @property
    def kind(self) -> str:
        """Its kind; empty where none is given."""
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name; empty where none is given."""
        metadata = self.body.get("metadata")
        return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""

    @property
    def title(self) -> str:
        """`Kind/name`, for messages."""
        return f"{self.kind or 'object'}/{self.name or '?'}"

    def line_of(self, path: FieldPath) -> int:
        """Return the line of a field, or of its nearest parent that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, self.line)


def read_manifests(paths: Sequence[Path]) -> list[Document]:
    """Return the objects of all files; a folder means its YAML and JSON files, by name.

    Raises:
        Refusal: a path does not exist, holds no manifest, or is not YAML.
    """
    documents = [document for path in paths for file in _files(path) for document in _read(file)]
    if not documents:
        names = ", ".join(str(path) for path in paths)
        raise Refusal("NoManifests", f"{names} holds no object; name a file with one")
    return documents


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(item for item in path.iterdir() if item.suffix in SUFFIXES)
    if path.is_file():
        return [path]
    raise Refusal("SourceMissing", f"{path} does not exist; name a manifest or a folder of them")


def _read(file: Path) -> Iterator[Document]:
    try:
        parsed = list(_parse(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal("UnreadableFile", f"{file} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise Refusal("UnreadableFile", f"{file} is not valid YAML: {_where(error)}") from error
    for line, body, lines in parsed:
        if body is None:
            continue
        if not isinstance(body, dict):
            raise Refusal("UnreadableFile", f"{file}:{line} is {type(body).__name__}, no object")
        yield Document(file, line, body, lines)


def _parse(text: str) -> Iterator[tuple[int, object, dict[FieldPath, int]]]:
    """Yield every document: its line, what it holds, and the line of every field."""
    loader = ManifestLoader(text)
    try:
        while loader.check_node():
            if (node := loader.get_node()) is not None:
                lines = dict(_lines(node, ()))
                yield node.start_mark.line + 1, loader.construct_document(node), lines
    finally:
        loader.dispose()


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem}, line {mark.line + 1} column {mark.column + 1}"
    return str(error)


def _lines(node: yaml.Node, path: FieldPath) -> Iterator[tuple[FieldPath, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _lines(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*path, index)
            yield inner, value.start_mark.line + 1
            yield from _lines(value, inner)
