"""Asks for a former version as a person does: `kubectl trimtab rollback`."""

import os
import subprocess
import sys
from pathlib import Path

from support.kubectl import Kubectl


def roll_back(kubectl: Kubectl, name: str, folder: Path) -> None:
    """Ask for the version before the champion.

    Args:
        kubectl: in the Model's namespace.
        name: of the Model.
        folder: where the access to the cluster is written.
    """
    config = folder / "kubeconfig"
    config.write_text(kubectl.run("config", "view", "--minify", "--flatten", "--raw"))
    command = [sys.executable, "-m", "trimtab_operator.cli", "rollback", f"model/{name}"]
    environment = os.environ | {"KUBECONFIG": str(config)}
    subprocess.run([*command, "-n", kubectl.namespace], env=environment, check=True)
