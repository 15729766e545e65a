"""A Model's server: serving plan, Deployment, Service and disruption budget.

The plan is not part of the pod template: a promotion changes a mounted file, not the pods.
"""

from trimtab_operator.api.model import Model
from trimtab_operator.manifests import labels, names
from trimtab_operator.manifests.meta import Manifest, build_config_map, build_metadata
from trimtab_operator.manifests.pod import STORAGE_PATH, Workload, build_pod_spec
from trimtab_operator.manifests.release import Release
from trimtab_stages.contract.serving_plan import ServingPlan

HTTP_PORT = 8080
GRPC_PORT = 9000
ADMIN_PORT = 8081
PLAN_PATH = "/etc/trimtab/plan"
PLAN_FILE = "plan.json"
GRACE_SECONDS = 40
"""The server drains itself: 5 s unready, up to 20 s for open requests and the last flush."""


def build_plan_config(model: Model, plan: ServingPlan) -> Manifest:
    """Return the ConfigMap that the pods follow."""
    metadata = _build_metadata(model, names.serving_plan(model.metadata.name))
    data = {PLAN_FILE: plan.to_bytes().decode()}
    return build_config_map(metadata, data, immutable=False)


def build_server(model: Model, release: Release) -> list[Manifest]:
    """Return the Deployment, the Service and the disruption budget of a Model."""
    return [_build_service(model), _build_budget(model), _build_deployment(model, release)]


def build_url(model: Model) -> str:
    """Return the address of the Open Inference Protocol in the cluster."""
    host = f"{names.server(model.metadata.name)}.{model.metadata.namespace}.svc"
    return f"http://{host}:{HTTP_PORT}/v2/models/{model.metadata.name}"


def _build_metadata(model: Model, name: str) -> Manifest:
    return build_metadata(name, labels.server(model.metadata.name), "Model", model.metadata)


def _build_deployment(model: Model, release: Release) -> Manifest:
    pod_labels = labels.server(model.metadata.name)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _build_metadata(model, names.server(model.metadata.name)),
        "spec": {
            "replicas": 0 if model.spec.suspend else model.spec.serving.replicas,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": labels.server_selector(model.metadata.name)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {"labels": pod_labels},
                "spec": build_pod_spec(_build_workload(model, release)),
            },
        },
    }


def _build_workload(model: Model, release: Release) -> Workload:
    serving = model.spec.serving
    return Workload(
        name="server",
        image=serving.image or release.server_image,
        pull_policy=release.image_pull_policy,
        command=(
            *("python", "-m", "trimtab_stages.serve"),
            *("--plan", f"{PLAN_PATH}/{PLAN_FILE}"),
            *("--storage", STORAGE_PATH),
            *("--port", str(HTTP_PORT), "--grpc-port", str(GRPC_PORT)),
            *("--admin-port", str(ADMIN_PORT)),
        ),
        cpu=serving.cpu,
        memory=serving.memory,
        storage_secret=release.storage_secret,
        config_map=names.serving_plan(model.metadata.name),
        config_path=PLAN_PATH,
        scratch="4Gi",
        node_selector=serving.node_selector or {},
        grace_seconds=GRACE_SECONDS,
        extras=_build_ports_and_probes(),
    )


def _build_ports_and_probes() -> Manifest:
    return {
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
            {"name": "admin", "containerPort": ADMIN_PORT, "protocol": "TCP"},
        ],
        "startupProbe": _build_probe("/livez", period=2, failures=60),
        "livenessProbe": _build_probe("/livez", period=10, failures=3),
        "readinessProbe": _build_probe("/readyz", period=2, failures=2),
    }


def _build_probe(path: str, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "admin", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _build_service(model: Model) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _build_metadata(model, names.server(model.metadata.name)),
        "spec": {
            "selector": labels.server_selector(model.metadata.name),
            "ports": [
                _build_service_port("http", HTTP_PORT),
                _build_service_port("grpc", GRPC_PORT) | {"appProtocol": "kubernetes.io/h2c"},
                _build_service_port("admin", ADMIN_PORT),
            ],
        },
    }


def _build_service_port(name: str, port: int) -> Manifest:
    return {"name": name, "port": port, "protocol": "TCP", "targetPort": name}


def _build_budget(model: Model) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _build_metadata(model, names.server(model.metadata.name)),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": labels.server_selector(model.metadata.name)},
        },
    }
