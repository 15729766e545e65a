"""The one place that makes pod templates. Every pod meets Pod Security `restricted`."""

from dataclasses import dataclass, field

from trimtab_operator.manifests.meta import Manifest

STORAGE_PATH = "/etc/trimtab/storage"
SPEC_PATH = "/etc/trimtab/spec"
USER_ID = 65532
"""The images' own user, in numbers: a user's own image then need not name one."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One container and what its pod needs.

    Attributes:
        name: name of the container.
        image: container image.
        pull_policy: Always, IfNotPresent or Never.
        command: program and arguments.
        cpu: request and limit, cores.
        memory: request and limit, bytes.
        storage_secret: Secret that describes the namespace's store.
        config_map: ConfigMap that is mounted read-only.
        config_path: directory where it appears.
        scratch: size limit of /tmp, bytes.
        shared_memory: size limit of /dev/shm, bytes; empty for the runtime's own.
        devices: other resources, for example GPUs.
        environment: variables.
        node_selector: node labels that the pod needs.
        grace_seconds: time between SIGTERM and SIGKILL.
        extras: further fields of the container: ports, probes.
    """

    name: str
    image: str
    pull_policy: str
    command: tuple[str, ...]
    cpu: str
    memory: str
    storage_secret: str
    config_map: str
    config_path: str = SPEC_PATH
    scratch: str = "8Gi"
    shared_memory: str = ""
    devices: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    node_selector: dict[str, str] = field(default_factory=dict)
    grace_seconds: int = 30
    extras: Manifest = field(default_factory=dict)


def build_pod_spec(work: Workload) -> Manifest:
    """Return the spec of a pod with one container: no token, no root, nothing writable but /tmp."""
    spec: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": build_pod_security(),
        "terminationGracePeriodSeconds": work.grace_seconds,
        "containers": [_build_container(work)],
        "volumes": _build_volumes(work),
    }
    if work.node_selector:
        spec["nodeSelector"] = work.node_selector
    return spec


def build_pod_security() -> Manifest:
    """Return the pod's security context."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER_ID,
        "runAsGroup": USER_ID,
        "fsGroup": USER_ID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def build_container_security() -> Manifest:
    """Return a container's security context."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def _build_container(work: Workload) -> Manifest:
    resources = {"cpu": work.cpu, "memory": work.memory} | work.devices
    return {
        "name": work.name,
        "image": work.image,
        "imagePullPolicy": work.pull_policy,
        "command": list(work.command),
        "env": _build_environment(work.environment),
        "resources": {"requests": resources, "limits": resources},
        "securityContext": build_container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _build_mounts(work),
    } | work.extras


def _build_environment(variables: dict[str, str]) -> list[Manifest]:
    pod_name = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    plain = {"HOME": "/tmp", "TMPDIR": "/tmp"} | variables  # noqa: S108 - the pod's own emptyDir
    return [pod_name, *({"name": name, "value": value} for name, value in plain.items())]


def _build_mounts(work: Workload) -> list[Manifest]:
    mounts: list[Manifest] = [
        {"name": "config", "mountPath": work.config_path, "readOnly": True},
        {"name": "storage", "mountPath": STORAGE_PATH, "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own emptyDir
    ]
    if work.shared_memory:
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108 - the pod's own emptyDir
    return mounts


def _build_volumes(work: Workload) -> list[Manifest]:
    volumes: list[Manifest] = [
        {"name": "config", "configMap": {"name": work.config_map}},
        {"name": "storage", "secret": {"secretName": work.storage_secret}},
        {"name": "tmp", "emptyDir": {"sizeLimit": work.scratch}},
    ]
    if work.shared_memory:
        memory = {"medium": "Memory", "sizeLimit": work.shared_memory}
        volumes.append({"name": "shm", "emptyDir": memory})
    return volumes
