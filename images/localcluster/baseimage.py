"""The base image of all others: a minimal Debian with Python, as the public slim image has it.

Dockerfiles say ``FROM ${BASE_IMAGE}`` with the public image as default, so that they build
anywhere; this one stands in for it where no registry can be reached.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from localcluster import builder, commands
from localcluster.progress import timed
from localcluster.settings import BASE, Settings

_SUITE = "bookworm"
_INCLUDE = BASE / "packages.txt"
# Manuals and translations that no container reads.
_MANUALS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
# The C library's character set converters; Python brings its own.
_CONVERTERS = "usr/lib/*-linux-gnu/gconv"
_CACHES = ("var/cache/apt", "var/cache/debconf", "var/lib/apt/lists", "var/log")


def ensure(settings: Settings) -> str:
    """Return the name of the base image, made on first use."""
    name = f"localhost/trimtab-base:{_SUITE}-{_key()}"
    if not builder.holds(settings, name):
        with timed("image", f"{name} by debootstrap"):
            _make(settings, name)
    return name


def mirror(sources: Iterable[str], codename: str) -> str:
    """Return the machine's own mirror if it is one of Debian; empty for debootstrap's default."""
    for text in sources:
        # Both spellings of apt: one line a source, and blocks of fields.
        line = re.search(rf"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+{codename}\s", text, re.MULTILINE)
        if line:
            return line[1]
        for block in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(\w[\w-]*):[ \t]*(.*)$", block, re.MULTILINE))
            if codename in fields.get("Suites", "").split():
                return str(fields["URIs"].split()[0])
    return ""


def _key() -> str:
    recipe = f"{_INCLUDE.read_text()}{Path(__file__).read_text()}"
    return hashlib.sha256(recipe.encode()).hexdigest()[:8]


def _make(settings: Settings, name: str) -> None:
    root = settings.state / "buildah" / "base-root"
    _remove_tree(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    include = ",".join(_INCLUDE.read_text().split())
    args = ["debootstrap", "--variant=minbase", f"--include={include}", _SUITE, str(root)]
    own = _machine_mirror()
    commands.run([*args, own] if own else args, seconds=1200)
    _trim(root)
    container = builder.run(settings, "from", "scratch").strip()
    builder.run(settings, "add", "--quiet", container, str(root), "/")
    command = [
        "--cmd",
        "python3",
        "--env",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "--env",
        "LANG=C.UTF-8",
    ]
    builder.run(settings, "config", *command, container)
    builder.run(settings, "commit", "--quiet", "--rm", container, name)
    _remove_tree(root)


def _trim(root: Path) -> None:
    for folder in (*_MANUALS, *_CACHES):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    for converters in root.glob(_CONVERTERS):
        shutil.rmtree(converters)
    # As in the public image: `python` exists. pip comes with every virtual environment.
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for marker in (root / "usr/lib").glob("python3*/EXTERNALLY-MANAGED"):
        marker.unlink()


def _remove_tree(root: Path) -> None:
    # A debootstrap that was killed leaves its /proc mounted inside.
    points = [point for point in ("proc", "sys", "dev") if os.path.ismount(root / point)]
    for point in points:
        commands.run(["umount", "--lazy", str(root / point)])
    shutil.rmtree(root, ignore_errors=True)


def _machine_mirror() -> str:
    release = Path("/etc/os-release").read_text()
    is_debian = re.search(r"^ID=debian$", release, re.MULTILINE)
    codename = re.search(r"^VERSION_CODENAME=(\w+)$", release, re.MULTILINE)
    if not is_debian or not codename:
        return ""
    files = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    return mirror((path.read_text() for path in files if path.is_file()), codename[1])
