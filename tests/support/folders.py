"""Where the embedded cluster's launcher keeps programs and state, for everything that uses them."""

import os
import shutil

from localcluster.settings import from_environment

_SETTINGS = from_environment(os.environ)
CACHE, STATE, BINARIES = _SETTINGS.cache, _SETTINGS.state, _SETTINGS.bin
ADMIN_KUBECONFIG = _SETTINGS.kubeconfig()
DATA = CACHE / "data"
"""Downloaded archives of data sets."""


class MissingProgramError(Exception):
    """A program is neither built nor installed."""


def find_program(name: str) -> str:
    """Return the path of a program: the embedded cluster's build, else the one on PATH.

    Raises:
        MissingProgramError: there is none.
    """
    built = BINARIES / name
    found = str(built) if built.exists() else shutil.which(name)
    if found is None:
        raise MissingProgramError(
            f"{name} is neither in {BINARIES} nor on PATH; "
            "`PYTHONPATH=images python3 -m localcluster build` builds it"
        )
    return found
