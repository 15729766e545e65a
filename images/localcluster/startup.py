"""Starting the processes that are not running well, and only those."""

import contextlib
import functools

from localcluster import (
    commands,
    configs,
    leftovers,
    manifests,
    network,
    node,
    pause,
    pki,
    probes,
    processes,
    runtime,
)
from localcluster.progress import LaunchError, say
from localcluster.services import Service, services
from localcluster.settings import PAUSE_IMAGE, Settings

# What is up but not healthy may have been started a moment ago by an interrupted launcher.
_GRACE = 20.0


class PortTakenError(LaunchError):
    """A port is held by something that this launcher may not stop: repairing cannot help."""


def prepare(settings: Settings) -> list[Service]:
    """Write what the processes read, and return them in the order in which they start."""
    address = network.node_address()
    pki.ensure(settings, address)
    resolv_conf = network.resolv_conf()
    files = {
        "containerd.toml": configs.containerd(settings),
        "cni/10-trimtab.conflist": configs.cni(settings),
        "kubelet.json": configs.kubelet(settings, str(resolv_conf)),
        "kube-proxy.json": configs.kube_proxy(settings),
        "Corefile": configs.coredns(settings, str(resolv_conf), resolv_conf.read_text()),
    }
    for name, text in files.items():
        path = settings.conf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # kube-proxy ends by itself as soon as its file is written, whatever it then holds.
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return services(settings, address)


def require_ports(settings: Settings) -> None:
    """End processes of this cluster that nobody knows, and check that the ports are free.

    Raises:
        PortTakenError: Something else holds one; another cluster, perhaps.
    """
    leftovers.end_strays(settings)
    for service in services(settings, network.node_address()):
        if processes.running(settings, service.name) is None:
            _require_ports(service)


def start_all(settings: Settings, wanted: list[Service]) -> None:
    """Start what does not run well, in order.

    Raises:
        LaunchError: Something does not become healthy.
    """
    _sweep_once_a_boot(settings)
    for service in wanted:
        _ensure_running(settings, service)
        if service.name == "kube-apiserver":
            _apply_objects(settings)
        if service.name == "containerd" and PAUSE_IMAGE not in runtime.images(settings):
            runtime.import_archive(settings, pause.archive(settings))


def _ensure_running(settings: Settings, service: Service) -> None:
    record = processes.running(settings, service.name)
    if record and record.spec == service.spec() and _is_well(settings, service, record):
        return
    if record:
        say("restart", f"{service.name}: it is not healthy or its configuration changed")
        processes.stop(settings, service.name, service.stop_seconds)
        _require_ports(service)
    say("start", service.name)
    record = processes.start(settings, service.name, service.args, service.spec())
    _await_health(settings, service, record, service.start_seconds)


def _is_well(settings: Settings, service: Service, record: processes.Record) -> bool:
    try:
        _await_health(settings, service, record, _GRACE)
    except LaunchError:
        return False
    return True


def _await_health(
    settings: Settings, service: Service, record: processes.Record, seconds: float
) -> None:
    def ended_or_healthy() -> bool:
        return not processes.is_alive(record.identity) or service.healthy()

    what = f"{service.name} becoming healthy (log: {settings.logs / service.name}.log)"
    commands.wait_until(ended_or_healthy, what, seconds)
    if not processes.is_alive(record.identity):
        raise processes.ProcessEndedError(service.name, processes.log_tail(settings, service.name))


def _require_ports(service: Service) -> None:
    for port in service.ports:
        # A process that was killed a moment ago may not have let go yet.
        with contextlib.suppress(LaunchError):
            is_free = functools.partial(probes.port_is_free, port)
            commands.wait_until(is_free, "a free port", 5)
        holder = network.port_holder(port)
        if holder:
            raise PortTakenError(
                f"{service.name} needs port {port}, which {holder} holds; it was not started by "
                "this launcher. Stop it and run `up` again."
            )


def _apply_objects(settings: Settings) -> None:
    # Default roles appear a moment after the API server calls itself ready.
    def applied() -> bool:
        try:
            node.apply(settings, manifests.cluster_objects())
        except LaunchError:
            return False
        return True

    commands.wait_until(applied, "applying the cluster's own objects", 30)


def _sweep_once_a_boot(settings: Settings) -> None:
    stamp = settings.run / "boot"
    here = processes.boot_id()
    known = stamp.read_text() if stamp.exists() else ""
    if known != here:
        # Nothing of an earlier boot runs any more: what it left is rubbish.
        leftovers.sweep(settings)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(here)
