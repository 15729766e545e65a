"""Generated files: complete, current, and safe to template."""

from pathlib import Path

import pytest

from trimtab_operator import crdgen
from trimtab_operator.api.kinds import KINDS
from trimtab_operator.crd.render import render_all

ROOT = Path(__file__).parents[3]
FILES = {str(path): text for path, text in render_all().items()}


@pytest.mark.parametrize("path", list(FILES))
def test_the_committed_file_is_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == FILES[path]


def test_every_kind_has_a_definition_and_a_chart_copy() -> None:
    for kind in KINDS:
        assert f"crds/{kind.plural}.trimtab.dev.yaml" in FILES
        assert f"charts/trimtab/templates/crds/{kind.plural}.yaml" in FILES


def test_the_chart_copy_can_be_switched_off_and_kept() -> None:
    text = FILES["charts/trimtab/templates/crds/models.yaml"]

    assert "{{- if .Values.crds.enabled }}\n" in text
    assert "{{- if .Values.crds.keep }}\n" in text
    assert text.endswith("{{- end }}\n")
    assert text.count("{{") == 4


def test_check_finds_a_difference_and_writing_mends_it(tmp_path: Path) -> None:
    assert crdgen.main(["--check", "--out", str(tmp_path)]) == 1
    assert crdgen.main(["--out", str(tmp_path)]) == 0
    assert crdgen.main(["--check", "--out", str(tmp_path)]) == 0

    (tmp_path / "crds" / "models.trimtab.dev.yaml").write_text("edited by hand")

    assert crdgen.main(["--check", "--out", str(tmp_path)]) == 1
