"""A pod that tries, with its own namespace's credentials, what it should not be able to do."""

import json
from pathlib import Path
from typing import Any

from support.kubectl import Kubectl
from support.waiting import wait_until

SCRIPT = Path(__file__).with_name("intruder_script.py")


def attempt(kubectl: Kubectl, image: str, buckets: list[str], key: str) -> dict[str, Any]:
    """Run the attempts in a pod of the namespace and return what each of them came to.

    Args:
        kubectl: in the intruder's namespace.
        image: an image with Python and boto3.
        buckets: buckets to try; the first one is the intruder's own.
        key: object that exists in the second bucket.
    """
    kubectl.run("delete", "pod/intruder", "--ignore-not-found", "--wait=true")
    kubectl.apply(build_pod(image, [SCRIPT.read_text(), key, *buckets]))
    wait_until(lambda: _ended(kubectl), 120, interval=0.5, what="the intruder has ended")
    told: dict[str, Any] = json.loads(kubectl.run("logs", "pod/intruder").splitlines()[-1])
    kubectl.run("delete", "pod/intruder", "--wait=false")
    return told


def build_pod(image: str, program: list[str]) -> dict[str, Any]:
    """Return a pod as restricted as those of stages, with the namespace's storage Secret.

    Args:
        image: an image with Python.
        program: Python text and its arguments.
    """
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "intruder"},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "intruder",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python", "-c", *program],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [
                        {"name": "storage", "mountPath": "/storage", "readOnly": True}
                    ],
                }
            ],
            "volumes": [{"name": "storage", "secret": {"secretName": "trimtab-storage"}}],
        },
    }


def _ended(kubectl: Kubectl) -> bool:
    phase = kubectl.get("pod/intruder")["status"].get("phase")
    if phase == "Failed":
        raise RuntimeError(kubectl.run("logs", "pod/intruder"))
    return bool(phase == "Succeeded")
