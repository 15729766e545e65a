"""The live diagram of the finished demo, and whether it names what happened."""

import subprocess
import sys
from collections.abc import Sequence

from demo.installation import ROOT
from demo.loop import Hop
from support.kubectl import Kubectl
from trimtab_operator.api.kinds import KINDS

DIAGRAM = ROOT / "diagram.svg"


def draw_live(kubectl: Kubectl) -> str:
    """Draw the namespace's loop as `trimtab diagram` does; return the picture."""
    kinds = ",".join(kind.plural for kind in KINDS)
    objects = kubectl.run("get", kinds, "-o", "json")
    command = [sys.executable, "-m", "trimtab_operator.cli", "diagram", "--objects", "-"]
    subprocess.run([*command, "-o", str(DIAGRAM)], input=objects, text=True, check=True)
    return DIAGRAM.read_text()


def unnamed(picture: str, hops: Sequence[Hop]) -> list[str]:
    """Return what the newest retrain was and the picture does not name."""
    retrained = [hop for hop in hops if hop.outcome == "Retrain"]
    newest = [name for hop in retrained[-1:] for name in (hop.run, hop.gates, hop.message)]
    promoted = [hop.run for hop in retrained if hop.rollout == "Promoted"][-1:]
    return [name for name in (*newest, *promoted) if name not in picture]
