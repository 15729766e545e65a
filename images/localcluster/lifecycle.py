"""Bringing the cluster up from any state, taking it down, and saying how it is."""

import shutil
import time

from localcluster import (
    binaries,
    changes,
    commands,
    leftovers,
    network,
    node,
    packages,
    preflight,
    processes,
    shutdown,
    startup,
)
from localcluster.locks import lock
from localcluster.progress import LaunchError, say, timed, warn
from localcluster.services import STOP_ORDER, Service, services
from localcluster.settings import Settings


def up(settings: Settings, gpus: int | None = None) -> None:
    """Make the cluster run; do as little as its state allows."""
    preflight.require(settings)
    missing = packages.missing(packages.FOR_CLUSTER)
    _announce(settings, missing)
    packages.install(missing)
    binaries.ensure(settings)
    with lock(settings, "cluster"):
        # Before anything of the machine is touched that another cluster may be using.
        startup.require_ports(settings)
        _change_machine(settings)
        wanted = startup.prepare(settings)
        _start_or_repair(settings, wanted)
        _finish(settings, gpus)
    say("ready", f"export KUBECONFIG={settings.kubeconfig()} PATH={settings.bin}:$PATH")


def down(settings: Settings, *, purge: bool = False) -> None:
    """Stop everything and restore the machine; keep images and data unless told otherwise."""
    # Processes may outlive a state folder that was deleted.
    if not settings.state.exists() and not leftovers.marked(settings, set(STOP_ORDER)):
        say("down", "nothing to stop")
        return
    preflight.require_root()
    with lock(settings, "cluster"):
        shutdown.stop_all(settings)
        changes.undo(settings)
        if purge:
            leftovers.unmount(settings.state)
            shutil.rmtree(settings.state)
    if purge:
        say("down", f"{settings.state} removed; built programs stay in {settings.cache}")
    else:
        say("down", f"stopped; images and data stay in {settings.state} (--purge removes them)")


def status(settings: Settings) -> bool:
    """Print one line for each process and the node; return whether all is well."""
    well = True
    for service in services(settings, network.node_address()):
        record = processes.running(settings, service.name)
        healthy = record is not None and service.healthy()
        state = "healthy" if healthy else "not healthy" if record else "not running"
        where = f"process {record.identity.pid}" if record else f"log in {settings.logs}"
        say(service.name, f"{state:<12} {where}", width=24)
        well = well and healthy
    ready = well and node.is_ready(settings)
    say("node", "Ready" if ready else "not Ready", width=24)
    if not ready:
        say("next", "python3 -m localcluster up", width=24)
    return ready


def _announce(settings: Settings, missing: list[str]) -> None:
    pending = changes.pending()
    if not (missing or pending or binaries.unbuilt(settings)):
        return
    say("change", "this machine is changed as follows; `down` restores all but packages and files")
    if missing:
        say("change", f"Debian packages: {', '.join(missing)}")
    changes.describe(list(pending))
    say("change", f"files below {settings.state} and {settings.cache}")


def _change_machine(settings: Settings) -> None:
    pending = changes.pending()
    if "bridge" in pending and processes.running(settings, "kubelet"):
        # Running pods were plugged into a bridge that is gone, and nothing plugs them in again.
        say("repair", "the pods' bridge has vanished: starting everything anew")
        shutdown.stop_all(settings)
    changes.apply(settings, pending)


def _start_or_repair(settings: Settings, wanted: list[Service]) -> None:
    """Repair first, then start all anew, then give up data that etcd cannot read."""
    try:
        startup.start_all(settings, wanted)
    except startup.PortTakenError:
        raise
    except LaunchError as error:
        say("repair", f"{error}\nstarting everything anew")
    else:
        return
    _restart(settings)
    try:
        startup.start_all(settings, wanted)
    except processes.ProcessEndedError as error:
        if error.name != "etcd":
            raise
        _set_aside(settings, error)
    else:
        return
    _restart(settings)
    startup.start_all(settings, wanted)


def _restart(settings: Settings) -> None:
    shutdown.stop_all(settings)
    changes.apply(settings, changes.pending())


def _set_aside(settings: Settings, error: LaunchError) -> None:
    damaged = settings.state / f"etcd.damaged-{int(time.time())}"
    (settings.state / "etcd").rename(damaged)
    warn(
        f"{error}\netcd cannot read its data (a power cut?). The cluster starts empty; the data "
        f"is kept in {damaged}, and volumes and images are untouched."
    )


def _finish(settings: Settings, gpus: int | None) -> None:
    if not node.is_ready(settings):
        with timed("node", "waiting for Ready"):
            commands.wait_until(lambda: node.is_ready(settings), "the node becoming Ready", 90)
    node.provide_volumes(settings)
    # Kept, because a kubelet that registers anew forgets what was advertised.
    wish = settings.state / "gpus"
    if gpus is not None:
        wish.write_text(str(gpus))
    if wish.exists():
        node.set_gpus(settings, int(wish.read_text()))
    if gpus == 0:
        wish.unlink()
