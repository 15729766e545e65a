"""Prometheus' own tool judges the rules, and proves every alert firing and not firing."""

import subprocess

import pytest

from support.alerting import CASES, RULES
from support.folders import find_program

pytestmark = pytest.mark.integration


def promtool(*arguments: str) -> None:
    command = [find_program("promtool"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_valid() -> None:
    promtool("check", "rules", str(RULES))


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: str) -> None:
    promtool("test", "rules", str(path))
