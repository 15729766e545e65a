"""Talking to containerd: which images it holds, which containers run, and ending them."""

from pathlib import Path

from localcluster import commands
from localcluster.settings import Settings

# The kubelet sees only what is in this namespace.
_NAMESPACE = "k8s.io"


def ctr(settings: Settings) -> list[str]:
    """Return the start of every ctr command line."""
    address = str(settings.containerd_socket)
    return [settings.tool("ctr"), "--address", address, "--namespace", _NAMESPACE]


def images(settings: Settings) -> set[str]:
    """Return the names of the images."""
    listing = commands.run([*ctr(settings), "images", "list", "--quiet"])
    return set(listing.split())


def import_archive(settings: Settings, path: Path) -> None:
    """Import an image archive of either format, under the name it carries."""
    # The archive's digest must not be trusted to exist for other architectures.
    commands.run([*ctr(settings), "images", "import", "--local", str(path)], seconds=1800)


def kill_containers(settings: Settings) -> None:
    """End every container: politely first, then by force. Images stay."""
    tasks = commands.run([*ctr(settings), "tasks", "list", "--quiet"]).split()
    for task in tasks:
        commands.attempt([*ctr(settings), "tasks", "kill", "--signal", "SIGTERM", task])
    for task in tasks:
        # Deleting with force kills what did not go by itself.
        commands.attempt([*ctr(settings), "tasks", "delete", "--force", task], seconds=30)
    containers = commands.run([*ctr(settings), "containers", "list", "--quiet"]).split()
    if containers:
        commands.attempt([*ctr(settings), "containers", "delete", *containers], seconds=60)
