"""How long the unit tests take: `make bench-unit`.

Without a cluster, and without root: whoever runs this as root sees its rights taken away.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.bars import Bar, say, show

LONGEST_SECONDS = 60
PARALLEL = ("-n", "auto", "--dist", "worksteal", "-p", "no:logging")
"""As `make test-unit` runs them."""
NOBODY = 65534
POWERLESS = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
"""Without any capability of root: where the interpreter is in a folder that only root may enter."""
AS_NOBODY = [*POWERLESS, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the unit tests and print the bar; returns 1 when they fail or take too long."""
    with tempfile.TemporaryDirectory() as home:
        places = ["--basetemp", f"{home}/pytest", "-o", f"cache_dir={home}/cache"]
        command = [sys.executable, "-m", "pytest", "-q", "tests/unit", *PARALLEL, *places]
        command = [*_unprivileged(home), *command]
        began = time.monotonic()
        failed = subprocess.run(command, cwd=ROOT, env=_environment(home)).returncode
        seconds = time.monotonic() - began
    return show([Bar("unit-tests-seconds", seconds, LONGEST_SECONDS)]) or failed


def _environment(home: str) -> dict[str, str]:
    """Return variables by which nothing of a cluster is within reach, nor its built programs."""
    hidden = {"KUBECONFIG", "KUBE_CONTEXT", "TRIMTAB_CACHE"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    written = {"TRIMTAB_STATE": "state", "HYPOTHESIS_STORAGE_DIRECTORY": "hypothesis"}
    places = {name: str(Path(home, folder)) for name, folder in written.items()}
    return kept | {"HOME": home, "TMPDIR": home} | places


def _unprivileged(home: str) -> list[str]:
    """Return the command that takes root's rights away, where root runs this."""
    if os.geteuid():
        return []
    # Where it may not be entered, another Python's library may stand in for this one's.
    same = f"import sys, pytest, trimtab_stages; assert sys.version == {sys.version!r}"
    probe = [sys.executable, "-c", same]
    for user, command in ((NOBODY, AS_NOBODY), (0, POWERLESS)):
        os.chown(home, user, user)
        if subprocess.run([*command, *probe], cwd=ROOT, capture_output=True).returncode == 0:
            say(f"unit tests run with {' '.join(command)}")
            return command
    raise SystemExit("setpriv cannot take root's rights away; run this as another user")


if __name__ == "__main__":
    sys.exit(main())
