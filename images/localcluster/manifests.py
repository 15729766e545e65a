"""Objects that every embedded cluster holds: permissions of its parts, storage class, volumes."""

from pathlib import Path
from typing import Any

from localcluster.settings import NODE_NAME, STORAGE_CLASS

Manifest = dict[str, Any]
_RBAC = "rbac.authorization.k8s.io"
VOLUME_SIZE = "10Gi"


def cluster_objects() -> list[Manifest]:
    """Return what does not depend on the state of the cluster."""
    return [
        _cluster_role_binding(
            "trimtab:kubelet-client", "system:kubelet-api-admin", "trimtab:apiserver-kubelet-client"
        ),
        _coredns_role(),
        _cluster_role_binding("trimtab:coredns", "trimtab:coredns", "trimtab:coredns"),
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": STORAGE_CLASS,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "kubernetes.io/no-provisioner",
            "reclaimPolicy": "Retain",
            "volumeBindingMode": "Immediate",
        },
    ]


def persistent_volume(volumes: Path, number: int) -> Manifest:
    """Return one volume of the pool; its folder is made beside it."""
    name = volume_name(number)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "storageClassName": STORAGE_CLASS,
            "capacity": {"storage": VOLUME_SIZE},
            "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": str(volumes / name), "type": "Directory"},
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {
                                    "key": "kubernetes.io/hostname",
                                    "operator": "In",
                                    "values": [NODE_NAME],
                                }
                            ]
                        }
                    ]
                }
            },
        },
    }


def volume_name(number: int) -> str:
    """Return the name of a volume and of its folder."""
    return f"pv-{number}"


def test_pod(name: str, image: str) -> Manifest:
    """Return a pod that only proves that pods start."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "imagePullPolicy": "Never",
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "8Mi"},
                        "limits": {"memory": "32Mi"},
                    },
                }
            ],
        },
    }


def _coredns_role() -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "trimtab:coredns"},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["services", "pods", "namespaces", "nodes"],
                "verbs": ["get", "list", "watch"],
            },
            {
                "apiGroups": ["discovery.k8s.io"],
                "resources": ["endpointslices"],
                "verbs": ["list", "watch"],
            },
        ],
    }


def _cluster_role_binding(name: str, role: str, user: str) -> Manifest:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": user}],
    }
