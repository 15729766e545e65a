"""How long the unit tests take: `PYTHONPATH=tests python tests/bench/unit_bench.py`."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.bars import Bar, show

LONGEST_SECONDS = 60
PARALLEL = ("-n", "auto", "--dist", "worksteal")
"""As `make test-unit` runs them."""
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the unit tests and print the bar; returns 1 when they fail or take too long."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/unit", *PARALLEL]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        # Nothing of a cluster is within reach: neither a kubeconfig nor the built programs.
        failed = subprocess.run(command, cwd=ROOT, env=_environment(home)).returncode
    return show([Bar("unit-tests-seconds", time.monotonic() - began, LONGEST_SECONDS)]) or failed


def _environment(home: str) -> dict[str, str]:
    hidden = {"KUBECONFIG", "KUBE_CONTEXT", "TRIMTAB_CACHE"}
    return {name: value for name, value in os.environ.items() if name not in hidden} | {
        "HOME": home
    }


if __name__ == "__main__":
    sys.exit(main())
