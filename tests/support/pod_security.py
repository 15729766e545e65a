"""Pod Security Standard `restricted`, as far as it concerns pods of this project.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Any

PodSpec = dict[str, Any]

ALLOWED_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
TOKEN_PATH = "/run/secrets/kubernetes.io"  # noqa: S105 - a path, not a secret
HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")
SECCOMP = frozenset({"RuntimeDefault", "Localhost"})


def violations(spec: PodSpec) -> list[str]:
    """Return what the standard forbids in a pod spec, and what this project asks beyond it."""
    return [*_pod_violations(spec), *(found for item in _containers(spec) for found in _of(item))]


def tokens(spec: PodSpec) -> list[str]:
    """Return by what a pod may have a token for the API server."""
    mounts = [mount for one in _containers(spec) for mount in one.get("volumeMounts", [])]
    volumes = [one for one in spec.get("volumes", []) if "projected" in one]
    return [
        *(["automount"] if spec.get("automountServiceAccountToken") is not False else []),
        *(f"volume {volume['name']}" for volume in volumes),
        *(mount["mountPath"] for mount in mounts if TOKEN_PATH in mount["mountPath"]),
    ]


def _pod_violations(spec: PodSpec) -> Iterator[str]:
    security = spec.get("securityContext", {})
    if security.get("runAsNonRoot") is not True:
        yield "pod: runAsNonRoot is not true"
    if security.get("runAsUser", 1) == 0:
        yield "pod: runAsUser is 0"
    if security.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "pod: no seccomp profile"
    if "sysctls" in security:
        yield "pod: sysctls"
    for field in HOST_FIELDS:
        if spec.get(field):
            yield f"pod: {field}"
    for volume in spec.get("volumes", []):
        for kind in volume.keys() - {"name"} - ALLOWED_VOLUMES:
            yield f"volume {volume['name']}: {kind}"


def _containers(spec: PodSpec) -> list[PodSpec]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def _of(container: PodSpec) -> Iterator[str]:
    name, security = container["name"], container.get("securityContext", {})
    if security.get("privileged"):
        yield f"{name}: privileged"
    if security.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is not false"
    if "ALL" not in security.get("capabilities", {}).get("drop", []):
        yield f"{name}: does not drop ALL capabilities"
    if set(security.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name}: adds capabilities"
    if security.get("runAsNonRoot") is False or security.get("runAsUser", 1) == 0:
        yield f"{name}: runs as root"
    if security.get("seccompProfile", {"type": "RuntimeDefault"}).get("type") not in SECCOMP:
        yield f"{name}: seccomp {security['seccompProfile']}"
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield f"{name}: hostPort"
    if security.get("readOnlyRootFilesystem") is not True:
        yield f"{name}: root file system is writable"
    if "memory" not in container.get("resources", {}).get("limits", {}):
        yield f"{name}: no memory limit"
