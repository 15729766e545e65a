"""Proof that ``up`` and ``down`` work after ``kill -9`` of each of the cluster's processes in turn.

Each is killed twice: once ``up`` repairs the cluster, once ``down`` stops it and ``up`` starts it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from localcluster import changes, commands, leftovers, manifests, node, processes
from localcluster.progress import LaunchError, duration, say
from localcluster.services import STOP_ORDER
from localcluster.settings import HERE, PAUSE_IMAGE, Settings

_POD = "localcluster-kill-test"
_SHIM = "containerd-shim-runc-v2"


def run(settings: Settings) -> None:
    """Kill, bring back and check, one process after the other; tell how many kills passed.

    Raises:
        LaunchError: After one of the kills the cluster did not stop, or did not come back.
    """
    kills = _kills(settings)
    passed = 0
    try:
        _launch("up")
        _check_pod(settings)
        for what, kill in kills.items():
            _killed(settings, what, kill, "up")
            _killed(settings, what, kill, "down", "up")
            passed += 1
        _delete_pod(settings)
    finally:
        verdict = "ok" if passed == len(kills) else "short"
        say("bar", f"localcluster-kills {passed} {len(kills)} {verdict}", width=0)


def _kills(settings: Settings) -> dict[str, Callable[[], None]]:
    kills: dict[str, Callable[[], None]] = {name: _killer(settings, name) for name in STOP_ORDER}
    kills["a container's shim"] = lambda: _kill_shim(settings)
    kills["every process"] = lambda: _kill_all(settings)
    kills["the launcher while it starts the cluster"] = lambda: _kill_launcher(settings)
    return kills


def _killed(settings: Settings, what: str, kill: Callable[[], None], *verbs: str) -> None:
    start = time.monotonic()
    say("kill -9", f"{what}, then {' and '.join(verbs)}")
    kill()
    for verb in verbs:
        _launch(verb)
        if verb == "down":
            _require_nothing_left(settings)
    _check_pod(settings)
    say("works", f"{what}: node Ready, new pod Running ({duration(time.monotonic() - start)})")


def _launcher(*args: str) -> list[str]:
    return [sys.executable, "-m", "localcluster", *args]


def _launch(verb: str) -> None:
    # A process of its own, as a person would start it.
    done = commands.attempt(_launcher(verb), cwd=HERE.parent)
    if done.returncode != 0:
        raise LaunchError(f"`{verb}` failed:\n{commands.tail(done.stdout + done.stderr)}")


def _require_nothing_left(settings: Settings) -> None:
    running = leftovers.marked(settings, {*STOP_ORDER, _SHIM})
    folders = (settings.containerd_state, settings.kubelet)
    points = changes.mount_points(Path("/proc/self/mountinfo").read_text())
    mounted = [point for point in points if leftovers.below(point, folders)]
    if running or mounted:
        pids = [identity.pid for identity in running]
        raise LaunchError(f"`down` left processes {pids} and mounts {mounted}; run it again.")


def _killer(settings: Settings, name: str) -> Callable[[], None]:
    def kill() -> None:
        record = processes.running(settings, name)
        if record is None:
            raise LaunchError(f"{name} was not running before it was to be killed.")
        os.kill(record.identity.pid, signal.SIGKILL)
        _await_end(record.identity)

    return kill


def _await_end(identity: processes.Identity) -> None:
    commands.wait_until(lambda: not processes.is_alive(identity), "the end of a process", 10)


def _kill_shim(settings: Settings) -> None:
    shims = leftovers.marked(settings, {_SHIM})
    if not shims:
        raise LaunchError("No container's shim was found.")
    os.kill(shims[0].pid, signal.SIGKILL)
    _await_end(shims[0])


def _kill_all(settings: Settings) -> None:
    for identity in leftovers.marked(settings, {*STOP_ORDER, _SHIM}):
        os.kill(identity.pid, signal.SIGKILL)
        _await_end(identity)


def _kill_launcher(settings: Settings) -> None:
    _killer(settings, "kube-apiserver")()
    _killer(settings, "etcd")()
    with subprocess.Popen(
        _launcher("up"), cwd=HERE.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as launcher:
        # The moment at which it is in the middle: one of two dead processes is back.
        commands.wait_until(lambda: processes.running(settings, "etcd") is not None, "etcd", 60)
        launcher.kill()
    # And the worst case of that: the process runs, but no record of it was written yet.
    Path(settings.run / "etcd.json").unlink()


def _check_pod(settings: Settings) -> None:
    """Start a new pod; it stays, so that there is a container at the next kill."""
    _delete_pod(settings)
    kubectl = node.kubectl(settings)
    pod = json.dumps(manifests.test_pod(_POD, PAUSE_IMAGE))
    create = [*kubectl, "create", "-f-"]
    # The default service account of a new cluster appears a moment after the node.
    commands.wait_until(
        lambda: commands.attempt(create, text=pod).returncode == 0, "creating a pod", 30
    )
    commands.run([*kubectl, "wait", "pod", _POD, "--for=condition=Ready", "--timeout=90s"])


def _delete_pod(settings: Settings) -> None:
    delete = ["delete", "pod", _POD, "--ignore-not-found", "--now", "--timeout=60s"]
    commands.run([*node.kubectl(settings), *delete])
