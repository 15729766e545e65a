"""What a person may type after the demo."""

from support.folders import ADMIN_KUBECONFIG, BINARIES
from trimtab_operator.manifests.names import server

CONTEXT = "KUBE_CONTEXT"
"""Names the cluster where it is not the embedded one."""


def next_commands(namespace: str, name: str, context: str = "") -> list[str]:
    """Return the lines.

    Args:
        namespace: of the demo.
        name: of its Model and DriftMonitor.
        context: kubectl's context of a cluster of the person's own; empty for the embedded one.
    """
    looks = [
        "kubectl get trimtab -A",
        f"kubectl -n {namespace} describe driftmonitor {name}",
        f"kubectl -n {namespace} port-forward svc/{server(name)} 8080 &",
        f"curl localhost:8080/v2/models/{name}",
        f".venv/bin/trimtab diagram -n {namespace} -o diagram.svg",
    ]
    if context:
        return [f"kubectl config use-context {context}", *looks]
    return [f"export KUBECONFIG={ADMIN_KUBECONFIG} PATH={BINARIES}:$PATH", *looks, "make down"]
