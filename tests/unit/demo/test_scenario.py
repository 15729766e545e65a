"""What the demo plays: its manifests are valid, and only windows and features tell them apart."""

from pathlib import Path

import pytest
import yaml

from demo.scenario import SCENARIOS
from trimtab_operator.cli.checks import validate

DOWNLOADED = {"employment"}
"""Its features are known from the file only."""


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - DOWNLOADED))
def test_the_manifests_are_valid(name: str, tmp_path: Path) -> None:
    path = tmp_path / "manifests.yaml"
    path.write_text(yaml.safe_dump_all(SCENARIOS[name]().manifests))
    checks = validate([path])
    assert checks.findings == ()
    assert [item.document.title for item in checks.checked] == [
        f"{kind}/{name}" for kind in ("Dataset", "Pipeline", "Model", "DriftMonitor")
    ]


def test_rules_guards_and_rollout_are_the_same() -> None:
    bikes, cgm = (SCENARIOS[name]().manifests for name in ("bikes", "cgm"))
    for place, field in ((2, "rollout"), (3, "rules"), (3, "guards")):
        assert bikes[place]["spec"][field] == cgm[place]["spec"][field]
