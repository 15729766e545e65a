"""A cluster that exists already: named by ``KUBE_CONTEXT=``, fed through ``IMAGE_REGISTRY=``."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from localcluster import builder, commands
from localcluster.progress import LaunchError, say, timed
from localcluster.settings import HERE, Settings

_BUILDERS = ("docker", "podman", "buildah")


@dataclass(frozen=True)
class ExistingCluster:
    """Where to deploy and where to push."""

    context: str
    registry: str


def from_environment(environment: Mapping[str, str]) -> ExistingCluster | None:
    """Return the cluster that the environment names, if it names one.

    Raises:
        LaunchError: Half of the names are missing, or the context is not allowed.
    """
    context = environment.get("KUBE_CONTEXT", "").strip()
    registry = environment.get("IMAGE_REGISTRY", "").strip().rstrip("/")
    if not context and not registry:
        return None
    if not (context and registry):
        raise LaunchError("An existing cluster needs both KUBE_CONTEXT= and IMAGE_REGISTRY=.")
    patterns = _patterns(environment.get("TRIMTAB_ALLOWED_CONTEXTS", ""))
    if not is_allowed(context, patterns):
        raise LaunchError(
            f"KUBE_CONTEXT={context} is not on the list of contexts that may be used "
            f"({', '.join(patterns)}). If it really is a cluster to try things on, set "
            f"TRIMTAB_ALLOWED_CONTEXTS={context}."
        )
    return ExistingCluster(context, registry)


def is_allowed(context: str, patterns: Iterable[str]) -> bool:
    """Say whether a context's name fits one of the patterns."""
    return any(fnmatchcase(context, pattern) for pattern in patterns)


def up(settings: Settings, cluster: ExistingCluster) -> None:
    """Check that the cluster answers, and write a kubeconfig that reaches nothing else."""
    path = kubeconfig_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    view = ["config", "view", "--minify", "--flatten", f"--context={cluster.context}"]
    text = commands.run([_kubectl(settings), *view])
    path.touch(mode=0o600)
    path.write_text(text)
    status(settings, cluster)
    say("ready", f"export KUBECONFIG={path}")


def status(settings: Settings, cluster: ExistingCluster) -> bool:
    """Print the cluster's nodes.

    Raises:
        LaunchError: The cluster does not answer.
    """
    get = [_kubectl(settings), "--context", cluster.context, "get", "nodes", "--no-headers"]
    for line in commands.run([*get, "--request-timeout=20s"]).splitlines():
        say("node", line)
    return True


def build(
    settings: Settings,
    cluster: ExistingCluster,
    name: str,
    file: Path,
    context: Path,
    arguments: Mapping[str, str],
) -> str:
    """Build an image with whatever builds images here, and push it; return its name."""
    full = image_name(cluster, name)
    program = _builder(settings)
    values = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    with timed("image", f"build {full}"):
        verb = "bud" if "buildah" in program else "build"
        args = [*program, verb, *values, "--file", str(file), "--tag", full, str(context)]
        commands.run(args, seconds=3600)
    push(settings, full)
    return full


def push(settings: Settings, full: str) -> None:
    """Push an image that was built."""
    program = _builder(settings)
    # Docker speaks plain HTTP to registries on this machine by itself; the others have to be told.
    is_local = full.startswith(("localhost:", "127.0.0.1:")) and "docker" not in program
    options = ["--tls-verify=false"] if is_local else []
    with timed("image", f"push {full}"):
        commands.run([*program, "push", *options, full], seconds=3600)


def image_name(cluster: ExistingCluster, name: str) -> str:
    """Return the name under which the cluster pulls an image."""
    short = name.removeprefix("localhost/")
    tagged = short if ":" in short.rsplit("/", 1)[-1] else f"{short}:dev"
    return f"{cluster.registry}/{tagged}"


def kubeconfig_path(settings: Settings) -> Path:
    """Return the file that reaches only this cluster."""
    return settings.state / "existing.kubeconfig"


def _patterns(extra: str) -> list[str]:
    lines = (HERE / "allowed-contexts.txt").read_text().splitlines()
    listed = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return listed + [name.strip() for name in extra.split(",") if name.strip()]


def _kubectl(settings: Settings) -> str:
    found = shutil.which("kubectl", path=f"{os.environ.get('PATH', '')}:{settings.bin}")
    if found is None:
        raise LaunchError("kubectl is not on PATH; an existing cluster is reached through it.")
    return found


def _builder(settings: Settings) -> list[str]:
    # A docker whose daemon does not run is of no use, so each is asked.
    works = (
        name
        for name in _BUILDERS
        if shutil.which(name) and commands.attempt([name, "info"]).returncode == 0
    )
    found = next(works, None)
    if found is None:
        raise LaunchError(f"None of {', '.join(_BUILDERS)} works here; one must build the images.")
    # As root buildah uses this cluster's own store; the others have theirs.
    return builder.buildah(settings) if found == "buildah" and os.geteuid() == 0 else [found]
