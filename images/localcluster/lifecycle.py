"""Bringing the cluster up from any state, and taking it down in the right order."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcluster import (
    binaries,
    changes,
    commands,
    configs,
    leftovers,
    manifests,
    network,
    node,
    packages,
    pause,
    pki,
    preflight,
    processes,
    runtime,
)
from localcluster.progress import LaunchError, say, timed
from localcluster.services import STOP_ORDER, Service, services
from localcluster.settings import PAUSE_IMAGE, Settings

_GRACE = 20.0


def up(settings: Settings, gpus: int | None = None) -> None:
    """Make the cluster run; do as little as its state allows."""
    preflight.require(settings)
    missing = packages.missing(packages.FOR_CLUSTER)
    _announce(settings, missing)
    packages.install(missing)
    binaries.ensure(settings)
    with lock(settings):
        changes.apply(settings, changes.pending())
        wanted = _prepare(settings)
        try:
            _start_all(settings, wanted)
        except LaunchError as error:
            # Repairing was not enough: start all of it anew, once.
            say("repair", f"{error}\nstarting everything anew")
            _stop_all(settings)
            changes.apply(settings, changes.pending())
            _start_all(settings, wanted)
        _finish(settings, gpus)
    say("ready", f"export KUBECONFIG={settings.kubeconfig()} PATH={settings.bin}:$PATH")


def down(settings: Settings, *, purge: bool = False) -> None:
    """Stop everything and restore the machine; keep images and data unless told otherwise."""
    if not settings.state.exists():
        say("down", "nothing to stop")
        return
    preflight.require_root()
    with lock(settings):
        _stop_all(settings)
        changes.undo(settings)
        if purge:
            leftovers.unmount(settings.state)
    if purge:
        shutil.rmtree(settings.state)
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
        where = f"process {record.identity.pid}" if record else f"log {settings.logs}"
        say(service.name, f"{state:<12} {where}", width=24)
        well = well and healthy
    ready = well and node.is_ready(settings)
    say("node", "Ready" if ready else "not Ready", width=24)
    if not ready:
        say("next", "python3 -m localcluster up", width=24)
    return ready


@contextmanager
def lock(settings: Settings, what: str = "cluster") -> Iterator[None]:
    """Let one launcher at a time touch the cluster, or its images; the others wait."""
    settings.state.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that whoever waits still holds the same file after a purge.
    with settings.state.with_name(f"{settings.state.name}.{what}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting", "for another launcher to finish")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _announce(settings: Settings, missing: list[str]) -> None:
    pending = changes.pending()
    unbuilt = binaries.unbuilt(settings)
    if not (missing or pending or unbuilt):
        return
    say("change", "this machine will be changed as follows; `down` restores what is not a file:")
    if missing:
        say("change", f"Debian packages (they stay): {', '.join(missing)}")
    changes.describe(list(pending))
    say("change", f"files below {settings.state} and {settings.cache}")


def _prepare(settings: Settings) -> list[Service]:
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
        path.write_text(text)
    return services(settings, address)


def _start_all(settings: Settings, wanted: list[Service]) -> None:
    leftovers.end_strays(settings)
    for service in wanted:
        record = processes.running(settings, service.name)
        if record is None:
            _require_ports(service)
    _sweep_after_reboot(settings)
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
        # It may have been started a moment ago by a launcher that was then interrupted.
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
        end = processes.log_tail(settings, service.name)
        raise LaunchError(f"{service.name} ended; the end of its log:\n{end}")


def _require_ports(service: Service) -> None:
    for port in service.ports:
        holder = network.port_holder(port)
        if holder:
            raise LaunchError(
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

    if not applied():
        commands.wait_until(applied, "applying the cluster's own objects", 30)


def _finish(settings: Settings, gpus: int | None) -> None:
    with timed("node", "waiting for Ready"):
        commands.wait_until(lambda: node.is_ready(settings), "the node becoming Ready", 90)
    node.provide_volumes(settings)
    wish = settings.state / "gpus"
    if gpus is not None:
        wish.write_text(str(gpus))
    if wish.exists():
        node.set_gpus(settings, int(wish.read_text()))


def _sweep_after_reboot(settings: Settings) -> None:
    stamp = settings.run / "boot"
    here = processes.boot_id()
    known = stamp.read_text() if stamp.exists() else ""
    if known != here:
        # Nothing of an earlier boot runs, or the last run was ended: what is left is rubbish.
        leftovers.sweep(settings)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(here)


def _stop_all(settings: Settings) -> None:
    patience = {"kube-apiserver": 30.0, "etcd": 20.0}
    leftovers.end_strays(settings)
    for name in STOP_ORDER:
        if name == "containerd":
            _end_containers(settings)
        if processes.running(settings, name):
            say("stop", name)
        processes.stop(settings, name, patience.get(name, 10.0))
    leftovers.sweep(settings)
    Path(settings.run / "boot").unlink(missing_ok=True)


def _end_containers(settings: Settings) -> None:
    if processes.running(settings, "containerd"):
        say("stop", "containers")
        try:
            runtime.kill_containers(settings)
        except LaunchError as error:
            # A containerd that does not answer: the sweep ends its containers.
            say("stop", f"containerd does not answer: {error}")
