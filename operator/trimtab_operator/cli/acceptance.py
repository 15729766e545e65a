"""A person's word on a suggested retrain, given to the cluster."""

from collections.abc import Mapping

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import DRIFT_MONITOR
from trimtab_operator.api.monitor_status import PendingRetrain
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.live import ask, current_namespace
from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.resources import DRIFT_MONITORS
from trimtab_operator.manifests import labels


def accept(environment: Mapping[str, str], namespace: str | None, name: str) -> PendingRetrain:
    """Set the annotation with which a person accepts what a DriftMonitor suggests.

    Args:
        environment: where the kubeconfig is found.
        namespace: of the DriftMonitor; the current context's where None.
        name: of the DriftMonitor.

    Returns:
        What was accepted.

    Raises:
        Refusal: it is not there, suggests nothing, or the API server refuses.
    """
    wanted = current_namespace(environment) if namespace is None else namespace

    async def write(cluster: Cluster) -> PendingRetrain:
        body = await cluster.get(DRIFT_MONITORS, wanted, name)
        if body is None:
            hint = f"see `kubectl get driftmonitors -n {wanted}`"
            raise Refusal("NotFound", f"DriftMonitor '{name}' is not in namespace {wanted}; {hint}")
        suggestion = suggestion_of(DRIFT_MONITOR.parse(body), name)
        annotations = {labels.ACCEPT: suggestion.trigger_id}
        # The version makes it a compare-and-swap: nothing else is accepted than what is shown.
        metadata = {
            "resourceVersion": body["metadata"]["resourceVersion"],
            "annotations": annotations,
        }
        await cluster.merge(DRIFT_MONITORS, wanted, name, {"metadata": metadata})
        return suggestion

    return ask(environment, write)


def suggestion_of(monitor: object, name: str) -> PendingRetrain:
    """Return what a DriftMonitor suggests.

    Raises:
        Refusal: it suggests nothing.
    """
    if not isinstance(monitor, DriftMonitor):
        raise TypeError(f"{name} is no DriftMonitor")
    suggestion = monitor.status.suggestion
    if suggestion is not None:
        return suggestion
    pending, last = monitor.status.pending, monitor.status.decision
    if pending is not None:
        raise Refusal("NothingToAccept", f"a retrain is pending already: {pending.message}")
    why = f"its newest decision is {last.outcome}: {last.message}" if last else "nothing is decided"
    raise Refusal("NothingToAccept", f"DriftMonitor '{name}' suggests nothing; {why}")
