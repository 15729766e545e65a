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
    commands.run([*ctr(settings), "images", "import", "--local", str(path)], seconds=1800)
    drop_replaced(settings)


def drop_replaced(settings: Settings) -> None:
    """Forget images whose name a newer one has taken, so that their content is collected.

    The kubelet's side of containerd keeps a second reference to each image, named by its digest,
    and leaves it behind when the name moves on.
    """
    listing = commands.run([*ctr(settings), "images", "list"])
    stale = replaced(listing)
    if stale:
        commands.run([*ctr(settings), "images", "remove", *stale])


def replaced(listing: str) -> list[str]:
    """Return the references by digest whose image no name points at."""
    rows = [line.split()[:3] for line in listing.splitlines()[1:] if line.strip()]
    named = {digest for name, _, digest in rows if not name.startswith("sha256:")}
    return [name for name, _, digest in rows if name.startswith("sha256:") and digest not in named]


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
