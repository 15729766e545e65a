"""Stopping everything, users before what they use."""

from localcluster import leftovers, processes, runtime
from localcluster.progress import LaunchError, say
from localcluster.services import STOP_ORDER
from localcluster.settings import Settings

# The API server first ends its watches, etcd writes its last entries; the others just end.
_PATIENCE = {"kube-apiserver": 30.0, "etcd": 20.0}


def stop_all(settings: Settings) -> None:
    """Stop all processes and containers and remove what they leave; images and data stay."""
    leftovers.end_strays(settings)
    for name in STOP_ORDER:
        if name == "containerd":
            _end_containers(settings)
        if processes.running(settings, name):
            say("stop", name)
        processes.stop(settings, name, _PATIENCE.get(name, 10.0))
    leftovers.sweep(settings)
    (settings.run / "boot").unlink(missing_ok=True)


def _end_containers(settings: Settings) -> None:
    if not processes.running(settings, "containerd"):
        return
    say("stop", "containers")
    try:
        runtime.kill_containers(settings)
    except LaunchError as error:
        # A containerd that does not answer: the sweep ends its containers.
        say("stop", f"containerd does not answer: {error}")
