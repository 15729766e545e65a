"""Which files an image is made from, and when it has to be built again."""

from pathlib import Path

import pytest

from localcluster import inputs
from localcluster.progress import LaunchError

DOCKERFILE = """\
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE} AS build
COPY pyproject.toml uv.lock \\
     README.md /src/
COPY --chown=1:1 operator /src/operator
COPY ["stages", "/src/stages"]
ADD https://example.org/file /x
FROM ${BASE_IMAGE}
COPY --from=build /venv /venv
"""


def test_sources_are_what_the_context_gives() -> None:
    expected = ["pyproject.toml", "uv.lock", "README.md", "operator", "stages"]
    assert inputs.copied_sources(DOCKERFILE) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("BASE_IMAGE", True), ("BASE", False), ("OTHER", False)]
)
def test_declared_arguments(name: str, expected: bool) -> None:  # noqa: FBT001
    assert inputs.declares(DOCKERFILE, name) is expected


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "code" / "__pycache__").mkdir(parents=True)
    (tmp_path / "code" / "a.py").write_text("a")
    (tmp_path / "other.txt").write_text("o")
    return tmp_path


def test_digest_ignores_what_is_not_copied(context: Path) -> None:
    before = inputs.digest("COPY code /c", context, {})
    (context / "other.txt").write_text("changed")
    (context / "code" / "__pycache__" / "a.pyc").write_text("compiled")
    assert inputs.digest("COPY code /c", context, {}) == before


def test_digest_follows_content_names_modes_arguments_and_instructions(context: Path) -> None:
    seen = [inputs.digest("COPY code /c", context, {})]
    seen.append(inputs.digest("COPY code /d", context, {}))
    seen.append(inputs.digest("COPY code /c", context, {"A": "1"}))
    (context / "code" / "a.py").chmod(0o755)
    seen.append(inputs.digest("COPY code /c", context, {}))
    (context / "code" / "a.py").write_text("b")
    seen.append(inputs.digest("COPY code /c", context, {}))
    (context / "code" / "a.py").rename(context / "code" / "b.py")
    seen.append(inputs.digest("COPY code /c", context, {}))
    assert len(set(seen)) == len(seen)


def test_a_missing_source_is_named(context: Path) -> None:
    with pytest.raises(LaunchError, match=r"copies nothing\.txt"):
        inputs.digest("COPY nothing.txt /c", context, {})
