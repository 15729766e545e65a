"""Debian packages that the cluster needs, installed without ever asking."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from localcluster import commands
from localcluster.progress import LaunchError, say, timed

# Compiler and headers for building the cluster's programs.
FOR_BUILD = ("ca-certificates", "gcc", "libc6-dev", "libseccomp-dev", "pkg-config")
# The same, and what runs the cluster itself.
FOR_CLUSTER = (
    *FOR_BUILD,
    "iproute2",
    "nftables",
    "openssl",
    "kmod",
    "mount",
)
# Programs for building images.
FOR_IMAGES = ("buildah", "debootstrap")

_APT = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a"}


def missing(wanted: Iterable[str]) -> list[str]:
    """Return those packages that are not installed."""
    require_debian()
    names = list(wanted)
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *names]
    return missing_from(commands.attempt(query).stdout, names)


def missing_from(listing: str, wanted: Sequence[str]) -> list[str]:
    """Return those wanted packages that dpkg's listing does not call installed."""
    lines = (line.split() for line in listing.splitlines())
    installed = {line[0] for line in lines if line[1:] == ["installed"]}
    return [name for name in wanted if name not in installed]


def install(names: Sequence[str]) -> None:
    """Install packages; nothing happens if the list is empty."""
    if not names:
        return
    require_debian()
    with timed("packages", f"apt-get install {' '.join(names)}"):
        # An installation that was killed half way blocks every later one until this has run.
        commands.run(["dpkg", "--configure", "-a"], env=_QUIET)
        # A source of somebody else's that is broken must not stop this; the installation says
        # what it could not find.
        commands.attempt([*_APT, "update", "-q"], env=_QUIET)
        commands.run(
            [*_APT, "install", "-q", "-y", "--no-install-recommends", *names],
            env=_QUIET,
            seconds=1800,
        )


def download(name: str, folder: Path) -> None:
    """Download a package's file into a folder; nothing is installed."""
    # Without root the lists cannot be brought up to date; those that are there may do.
    commands.attempt([*_APT, "update", "-q"], env=_QUIET)
    # As this user: the one that apt changes to may not write into the folder.
    options = ["-q", "-o", "APT::Sandbox::User=root"]
    commands.run([*_APT, *options, "download", name], env=_QUIET, cwd=folder)


def provide(wanted: Iterable[str]) -> None:
    """Say which packages are missing, and install them."""
    absent = missing(wanted)
    if absent:
        say("change", f"Debian packages (they stay): {', '.join(absent)}")
        install(absent)


def require_debian() -> None:
    """Refuse other systems, saying what works there.

    Raises:
        LaunchError: This is not Debian, Ubuntu or one of their kin.
    """
    if not Path("/etc/debian_version").exists():
        raise LaunchError(
            "The embedded cluster supports Debian and Ubuntu only. Elsewhere use a cluster of "
            "your own: KUBE_CONTEXT=<name> IMAGE_REGISTRY=<registry>."
        )
