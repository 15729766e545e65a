"""Reading manifests: as the API server would, with lines."""

from pathlib import Path

import pytest

from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.manifest_files import read_manifests


def written(folder: Path, text: str, name: str = "a.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_documents_know_their_lines(tmp_path: Path) -> None:
    text = "kind: A\nmetadata: {name: x}\n---\n\nkind: B\nspec:\n  list:\n    - one: 1\n"
    first, second = read_manifests([written(tmp_path, text)])
    assert (first.title, first.line) == ("A/x", 1)
    assert (second.title, second.line) == ("B/?", 5)
    assert second.line_of(("spec", "list", 0, "one")) == 8
    assert second.line_of(("spec", "absent", "deeper")) == 6
    assert second.line_of(("nothing",)) == 5


def test_time_stamps_stay_text_and_booleans_do_not(tmp_path: Path) -> None:
    (document,) = read_manifests([written(tmp_path, "at: 2026-01-01T00:00:00Z\non: true\n")])
    assert list(document.body.values()) == ["2026-01-01T00:00:00Z", True]


def test_folders_are_read_by_name_and_other_files_left(tmp_path: Path) -> None:
    written(tmp_path, "kind: B", "b.yml")
    written(tmp_path, '{"kind": "A"}', "a.json")
    written(tmp_path, "no: manifest", "notes.txt")
    assert [document.kind for document in read_manifests([tmp_path])] == ["A", "B"]


def test_empty_documents_are_skipped(tmp_path: Path) -> None:
    documents = read_manifests([written(tmp_path, "---\n---\nkind: A\n---\n# nothing\n")])
    assert [document.kind for document in documents] == ["A"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key `a` stands twice, line 3 column 1"),
        ("a:\n  b: 1\n  b: 2\n", "the key `b` stands twice, line 3"),
        ("a: [1\n", "is not valid YAML"),
        ("- 1\n", ":1 is list, no object"),
        ("", "holds no object"),
        ("!!python/object:os.system x\n", "is not valid YAML"),
    ],
    ids=["twice", "twice-inside", "syntax", "list", "empty", "python-tag"],
)
def test_unreadable_files_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        read_manifests([written(tmp_path, text)])


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="does not exist"):
        read_manifests([tmp_path / "absent.yaml"])
