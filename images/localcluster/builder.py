"""Buildah, with a store of this cluster's own."""

from pathlib import Path

from localcluster import commands, packages
from localcluster.settings import Settings

_CERTIFICATES = "/etc/ssl/certs"
_BUNDLE = f"{_CERTIFICATES}/ca-certificates.crt"


def require() -> None:
    """Install what building images needs."""
    packages.provide(packages.FOR_IMAGES)


def buildah(settings: Settings) -> list[str]:
    """Return the start of every buildah command line."""
    home = settings.state / "buildah"
    places = ["--root", str(home / "root"), "--runroot", str(home / "run")]
    return ["buildah", *places, "--storage-driver", "overlay"]


def run(settings: Settings, *args: str) -> str:
    """Run one buildah command and return its output."""
    return commands.run([*buildah(settings), *args], seconds=3600)


def holds(settings: Settings, name: str) -> bool:
    """Say whether the store holds an image."""
    found = commands.attempt([*buildah(settings), "images", "--quiet", name])
    return found.returncode == 0 and bool(found.stdout.strip())


def build(
    settings: Settings, name: str, file: Path, context: Path, arguments: dict[str, str]
) -> None:
    """Build a Dockerfile; layers that did not change are taken from the store."""
    # A build that was killed leaves its half-made containers; nobody else builds now.
    commands.attempt([*buildah(settings), "rm", "--all"])
    values = {"SSL_CERT_FILE": _BUNDLE, **arguments}
    options = [f"--build-arg={key}={value}" for key, value in values.items()]
    run(
        settings,
        "bud",
        "--isolation=chroot",
        "--layers",
        "--pull-never" if "BASE_IMAGE" in arguments else "--pull",
        # A proxy's authority that this machine trusts must be trusted while building, too.
        f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro",
        *options,
        "--file",
        str(file),
        "--tag",
        name,
        str(context),
    )


def prune(settings: Settings) -> None:
    """Drop layers that no named image uses; the next build may take longer."""
    commands.attempt([*buildah(settings), "rmi", "--prune"])
