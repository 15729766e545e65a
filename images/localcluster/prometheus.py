"""Prometheus beside the cluster, for tests and the demo.

It is unpacked from its Debian package, not installed: that would start a service on this machine.
"""

import shutil
from pathlib import Path

from localcluster import commands, packages
from localcluster.progress import say, timed
from localcluster.settings import Settings

PROGRAMS = ("prometheus", "promtool")
_PACKAGE = "prometheus"


def ensure(settings: Settings) -> None:
    """Provide the programs in the cache's `bin`, unless they are there or on PATH."""
    if all(_is_there(settings, name) for name in PROGRAMS):
        return
    home = settings.cache / "debian" / _PACKAGE
    if not home.is_dir():
        packages.require_debian()
        with timed("prometheus", "apt-get download prometheus"):
            _unpack(home)
        say("prometheus", f"unpacked below {home}; nothing is installed")
    settings.bin.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        link = settings.bin / name
        link.unlink(missing_ok=True)
        link.symlink_to(home / "usr" / "bin" / name)


def _is_there(settings: Settings, name: str) -> bool:
    return (settings.bin / name).exists() or shutil.which(name) is not None


def _unpack(home: Path) -> None:
    """Download and unpack beside the target, which appears in one step when it is whole."""
    partial = home.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    packages.download(_PACKAGE, partial)
    (archive,) = partial.glob("*.deb")
    commands.run(["dpkg-deb", "--extract", str(archive), str(partial / "root")])
    (partial / "root").rename(home)
    shutil.rmtree(partial)
