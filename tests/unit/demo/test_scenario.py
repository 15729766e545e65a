"""What the demo plays: its manifests are valid, and their rollouts have a window's rows."""

from pathlib import Path

import pytest
import yaml

from demo.scenario import DAY, SCENARIOS
from replay.rules import LoopRules
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


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - DOWNLOADED))
def test_a_rollout_may_take_as_many_rows_as_a_window_has(name: str) -> None:
    """720 are a month of hours, and of rows every five minutes two days, often without a low."""
    scenario = SCENARIOS[name]()
    rules = LoopRules.of(scenario.manifests)

    days = rules.monitor.window.seconds // DAY
    assert rules.rollout.max_rows == days * scenario.day_rows
