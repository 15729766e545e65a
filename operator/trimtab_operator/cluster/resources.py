"""Every resource that the operator touches, with the verbs it needs: the source of its Role."""

from dataclasses import dataclass
from enum import StrEnum

from trimtab_operator.api.base import API_VERSION, GROUP
from trimtab_operator.api.kinds import (
    DATASET,
    DRIFT_MONITOR,
    KINDS,
    MODEL,
    PIPELINE,
    PIPELINE_RUN,
)


@dataclass(frozen=True, slots=True)
class Resource:
    """One namespaced resource of the API.

    Attributes:
        api_version: group and version as in manifests.
        kind: kind as in manifests.
        plural: name in paths.
    """

    api_version: str
    kind: str
    plural: str

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        group, separator, _ = self.api_version.rpartition("/")
        return group if separator else ""

    @property
    def version(self) -> str:
        """API version without its group."""
        return self.api_version.rpartition("/")[2]

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """Return the path of the collection (all namespaces where empty), object or subresource."""
        root = "/apis/" if self.group else "/api/"
        scope = f"namespaces/{namespace}/" if namespace else ""
        parts = [f"{root}{self.api_version}/{scope}{self.plural}", name, subresource]
        return "/".join(part for part in parts if part)


JOBS = Resource("batch/v1", "Job", "jobs")
RAY_JOBS = Resource("ray.io/v1", "RayJob", "rayjobs")
PODS = Resource("v1", "Pod", "pods")
DEPLOYMENTS = Resource("apps/v1", "Deployment", "deployments")
SERVICES = Resource("v1", "Service", "services")
CONFIG_MAPS = Resource("v1", "ConfigMap", "configmaps")
DISRUPTION_BUDGETS = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
EVENTS = Resource("events.k8s.io/v1", "Event", "events")
LEASES = Resource("coordination.k8s.io/v1", "Lease", "leases")
DATASETS, PIPELINES, PIPELINE_RUNS, MODELS, DRIFT_MONITORS = (
    Resource(API_VERSION, kind.kind, kind.plural)
    for kind in (DATASET, PIPELINE, PIPELINE_RUN, MODEL, DRIFT_MONITOR)
)
OWN_KINDS = {
    resource.kind: resource
    for resource in (DATASETS, PIPELINES, PIPELINE_RUNS, MODELS, DRIFT_MONITORS)
}
BY_TYPE = {
    (resource.api_version, resource.kind): resource
    for resource in (
        JOBS,
        RAY_JOBS,
        PODS,
        DEPLOYMENTS,
        SERVICES,
        CONFIG_MAPS,
        DISRUPTION_BUDGETS,
        EVENTS,
        LEASES,
        *OWN_KINDS.values(),
    )
}


class Scope(StrEnum):
    """Where a rule holds."""

    WATCHED = "watched"
    """In every watched namespace."""
    OWN = "own"
    """In the operator's own namespace."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the operator may do with one resource.

    Attributes:
        group: API group.
        resource: plural, with `/status` for the subresource.
        verbs: RBAC verbs. A server-side apply needs `patch`, and `create` where nothing is there.
        scope: where.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    scope: Scope = Scope.WATCHED


RBAC: tuple[Rule, ...] = (
    Rule(GROUP, "datasets", ("get", "list", "watch")),
    Rule(GROUP, "pipelines", ("get", "list", "watch")),
    Rule(GROUP, "pipelineruns", ("get", "list", "watch", "create", "delete")),
    Rule(GROUP, "models", ("get", "list", "watch")),
    Rule(GROUP, "driftmonitors", ("get", "list", "watch")),
    *(Rule(GROUP, f"{kind.plural}/status", ("patch",)) for kind in KINDS),
    Rule("batch", "jobs", ("get", "list", "watch", "create", "delete")),
    # Used only where KubeRay is installed.
    Rule("ray.io", "rayjobs", ("get", "list", "watch", "create")),
    Rule("", "pods", ("list", "watch", "patch")),
    Rule("apps", "deployments", ("get", "list", "watch", "create", "patch")),
    Rule("", "services", ("get", "create", "patch")),
    Rule("", "configmaps", ("get", "create", "patch", "delete")),
    Rule("policy", "poddisruptionbudgets", ("get", "create", "patch")),
    Rule("events.k8s.io", "events", ("list", "create", "patch")),
    Rule("coordination.k8s.io", "leases", ("get", "create", "update"), Scope.OWN),
)
"""Everything that the operator and kopf ask of the API. The chart's Role says the same."""

MONITOR_RBAC: tuple[Rule, ...] = (
    Rule(GROUP, "driftmonitors", ("list",)),
    Rule(GROUP, "models", ("list",)),
    Rule(GROUP, "driftmonitors/status", ("patch",)),
    Rule(GROUP, "models/status", ("patch",)),
    Rule("coordination.k8s.io", "leases", ("get", "create", "update"), Scope.OWN),
)
"""Everything that the monitor asks of the API. The chart's Role says the same."""
