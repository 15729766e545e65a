"""A Model that serves in the cluster, and a client that asks it for the rows of a stream."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from replay.player import Player
from replay.streams import Stream
from support.kubectl import Kubectl
from trimtab_operator.manifests.names import server

PATIENCE_SECONDS = 60.0
"""Requests go through the API server: while it is frozen for 20 seconds they wait, and go on."""


@dataclass(frozen=True)
class Stage:
    """A Model while a stream is played to it.

    Attributes:
        kubectl: in its namespace.
        name: of Dataset, Pipeline and Model.
        player: asks and labels.
        ways: what is open to server pods; closed at the end.
    """

    kubectl: Kubectl
    name: str
    player: Player
    ways: ExitStack


def way_to_server(kubectl: Kubectl, name: str) -> AbstractContextManager[str]:
    """Forward a port to a server pod of a Model that runs now."""
    return kubectl.forward(f"svc/{server(name)}", 8080)


@contextmanager
def staged(
    kubectl: Kubectl, name: str, stream: Stream, label_delay_ns: int, batch: int
) -> Iterator[Stage]:
    """Open a way to a Model that serves, for a client that asks for rows of a stream."""
    with ExitStack() as ways:
        address = ways.enter_context(way_to_server(kubectl, name))
        player = Player(stream, name, address, label_delay_ns, batch, seconds=PATIENCE_SECONDS)
        yield Stage(kubectl, name, player, ways)
        player.close()
