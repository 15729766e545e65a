"""A tenant's namespace, and what the controllers, the kubelet and the pods would do in it."""

import http.server
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from support.apiserver import ApiServer, Object
from support.objects import ingest_commit, manifest, run_commit
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.kinds import BY_KIND
from trimtab_operator.manifests.names import server
from trimtab_stages.contract import layout
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.run import IngestSpec, RunSpec
from trimtab_stages.contract.serving_plan import ServerState, ServingPlan, VersionState
from trimtab_stages.store import LocalStore, Store

ADMIN_PORT = 8081


@dataclass(frozen=True, slots=True)
class Tenant:
    """One namespace in the API server and its store."""

    server: ApiServer
    name: str
    store: Store

    def path(self, kind: str, name: str = "") -> str:
        """Return the path of one of Trimtab's objects, or of all of its kind."""
        collection = f"/apis/{API_VERSION}/namespaces/{self.name}/{BY_KIND[kind].plural}"
        return f"{collection}/{name}" if name else collection

    def apply(self, kind: str, name: str, spec: Object) -> Object:
        """Apply an object as `kubectl apply --server-side` does."""
        return self.server.apply(self.path(kind, name), manifest(kind, self.name, name, spec))

    def get(self, kind: str, name: str) -> Object:
        """Return an object that must be there."""
        found = self.server.get(self.path(kind, name))
        assert found is not None, f"{kind} {name} is not there"
        return found

    def all(self, kind: str) -> list[Object]:
        """Return all objects of one of Trimtab's kinds, by name."""
        return sorted(self.server.items(self.path(kind)), key=lambda body: body["metadata"]["name"])

    def condition(self, kind: str, name: str, condition: str) -> Object:
        """Return a condition; empty where it is absent."""
        conditions = self.get(kind, name).get("status", {}).get("conditions", [])
        return next((item for item in conditions if item["type"] == condition), {})

    def is_ready(self, kind: str, name: str) -> bool:
        """True when the Ready condition holds for the newest generation."""
        ready = self.condition(kind, name, "Ready")
        generation = self.get(kind, name)["metadata"]["generation"]
        return bool(ready.get("status") == "True" and ready["observedGeneration"] == generation)

    def jobs(self) -> list[Object]:
        """Return all Jobs."""
        return self.server.items(f"/apis/batch/v1/namespaces/{self.name}/jobs")

    def events(self) -> list[Object]:
        """Return all Events."""
        return self.server.items(f"/apis/events.k8s.io/v1/namespaces/{self.name}/events")

    def act(self) -> None:
        """Do what the rest of the cluster would do now: run Jobs to their end, and Deployments."""
        for job in self.jobs():
            if not job.get("status", {}).get("conditions"):
                self.run_job(job)
        for deployment in self.server.items(f"/apis/apps/v1/namespaces/{self.name}/deployments"):
            self._run_deployment(deployment)

    def run_job(self, job: Object) -> None:
        """Write the commit that the Job's pod would write, then finish the Job."""
        labels = job["metadata"]["labels"]
        if "trimtab.dev/run" in labels:
            spec = RunSpec.from_bytes(self.config(job["metadata"]["name"], "spec.json"))
            key, data = layout.run_commit(spec.run), run_commit(spec).to_bytes()
        else:
            told = IngestSpec.from_bytes(self.config(job["metadata"]["name"], "spec.json"))
            key = layout.ingest_commit(told.dataset, told.id)
            data = ingest_commit(told.dataset, told.id, told.capture).to_bytes()
        self.store.put_if_absent(key, data)
        self.finish_job(job["metadata"]["name"])

    def finish_job(self, name: str) -> None:
        """Set a Job's status as the Job controller does after its pod has succeeded."""
        stamp = _stamp()
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": stamp, "reason": "Done"}
            for kind in ("SuccessCriteriaMet", "Complete")
        ]
        status = {
            "startTime": stamp,
            "completionTime": stamp,
            "succeeded": 1,
            "completedIndexes": "0",
            "ready": 0,
            "uncountedTerminatedPods": {},
            "conditions": conditions,
        }
        self._set_status(f"/apis/batch/v1/namespaces/{self.name}/jobs/{name}", status)

    def fail_job(self, job: Object, code: int, words: str) -> None:
        """Let a Job's pod end with a code that no attempt can mend, and the Job with it."""
        name, stamp = job["metadata"]["name"], _stamp()
        container = job["spec"]["template"]["spec"]["containers"][0]
        ended = {"exitCode": code, "reason": "Error", "message": words, "finishedAt": stamp}
        status = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": ended},
        }
        self.add_pod(job, f"{name}-0", {"phase": "Failed", "containerStatuses": [status]})
        conditions = [
            {
                "type": kind,
                "status": "True",
                "lastTransitionTime": stamp,
                "reason": "PodFailurePolicy",
            }
            for kind in ("FailureTarget", "Failed")
        ]
        counts = {"failed": 1, "ready": 0, "failedIndexes": "0", "uncountedTerminatedPods": {}}
        path = f"/apis/batch/v1/namespaces/{self.name}/jobs/{name}"
        self._set_status(path, counts | {"startTime": stamp, "conditions": conditions})

    def tell(self, pod: str, reason: str, words: str) -> None:
        """Write an Event about a pod as the kubelet does."""
        place = f"/api/v1/namespaces/{self.name}"
        found = self.server.get(f"{place}/pods/{pod}")
        assert found is not None, f"Pod {pod} is not there"
        metadata, stamp = found["metadata"], _stamp()
        names = {name: metadata[name] for name in ("namespace", "name", "uid")}
        event = {
            "metadata": {"generateName": f"{pod}.", "namespace": self.name},
            "involvedObject": {"apiVersion": "v1", "kind": "Pod"} | names,
            "reason": reason,
            "message": words,
            "type": "Warning",
            "count": 1,
            "firstTimestamp": stamp,
            "lastTimestamp": stamp,
            "source": {"component": "kubelet"},
        }
        self.server.request("POST", f"{place}/events", event)

    def plan(self, model: str) -> ServingPlan:
        """Return the serving plan that a Model's pods would find mounted."""
        return ServingPlan.from_bytes(self.config(f"{model}-plan", "plan.json"))

    def config(self, name: str, key: str) -> bytes:
        """Return one file of a ConfigMap that must be there."""
        found = self.server.get(f"/api/v1/namespaces/{self.name}/configmaps/{name}")
        assert found is not None, f"ConfigMap {name} is not there"
        text: str = found["data"][key]
        return text.encode()

    def add_pod(self, owner: Object, name: str, status: Object) -> None:
        """Create a pod from the template of a Job or Deployment, with this status."""
        template = owner["spec"]["template"]
        labels = template["metadata"]["labels"] | {
            "batch.kubernetes.io/job-name": owner["metadata"]["name"]
        }
        pods = f"/api/v1/namespaces/{self.name}/pods"
        spec = {"restartPolicy": "Never"} | template["spec"]
        metadata = {"name": name, "labels": labels}
        self.server.request("POST", pods, {"metadata": metadata, "spec": spec})
        self._set_status(f"{pods}/{name}", status)

    def _run_deployment(self, deployment: Object) -> None:
        """Let every wanted replica run, at the address where `run_admin_port` listens."""
        name = deployment["metadata"]["name"]
        wanted = deployment["spec"]["replicas"]
        pods = f"/api/v1/namespaces/{self.name}/pods"
        for index in range(wanted):
            if self.server.get(f"{pods}/{name}-{index}") is None:
                self.add_pod(
                    deployment, f"{name}-{index}", running_pod(address_of(self.name, name))
                )
        status = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": wanted,
            "updatedReplicas": wanted,
            "readyReplicas": wanted,
            "availableReplicas": wanted,
        }
        current = deployment.get("status", {})
        if any(current.get(key, 0) != value for key, value in status.items()):
            path = f"/apis/apps/v1/namespaces/{self.name}/deployments/{name}"
            self._set_status(path, status)

    def _set_status(self, path: str, status: Object) -> None:
        self.server.merge(f"{path}/status", {"status": status})


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_tenant(server: ApiServer, buckets: Path, name: str) -> Tenant:
    """Create a namespace whose bucket is a directory."""
    bucket = buckets / f"trimtab-{name}"
    bucket.mkdir(parents=True)
    return Tenant(server, server.create_namespace(name), LocalStore(bucket))


def running_pod(address: str) -> Object:
    """Return the status of a pod that runs and is ready."""
    conditions = [{"type": kind, "status": "True"} for kind in ("PodScheduled", "Ready")]
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": conditions,
    }


def address_of(namespace: str, deployment: str) -> str:
    """Return the loopback address of a Deployment's pods."""
    number = zlib.crc32(f"{namespace}/{deployment}".encode())
    return f"127.{number // 62_500 % 250 + 1}.{number // 250 % 250}.{number % 250 + 1}"


@dataclass(slots=True)
class AdminPort:
    """What a Model's server pods say on their admin port.

    Attributes:
        reason: state of every version.
        broken: state of a shadow version instead, where it is another.
        lag: the pods still follow an older plan.
    """

    tenant: Tenant
    model: str
    reason: ServingReason = ServingReason.LOADED
    broken: ServingReason | None = None
    lag: bool = False

    def answer(self) -> bytes:
        """Return the state of a server that follows the mounted plan."""
        plan = self.tenant.plan(self.model)
        loaded = self.reason is ServingReason.LOADED
        versions = [
            VersionState(
                digest=item.digest,
                reason=self.broken if item.shadow and self.broken else self.reason,
            )
            for item in plan.versions
        ]
        lags = self.lag or any(item.shadow and self.broken for item in plan.versions)
        state = ServerState(revision="" if lags else plan.revision, ready=loaded, versions=versions)
        return state.model_dump_json(by_alias=True).encode()


@contextmanager
def run_admin_port(tenant: Tenant, model: str) -> Iterator[AdminPort]:
    """Answer `GET /plan` at the address of a Model's pods."""
    admin = AdminPort(tenant, model)

    class Answer(http.server.BaseHTTPRequestHandler):
        """Answers one request."""

        def do_GET(self) -> None:
            """Send the state."""
            body = admin.answer()
            self.send_response(http.HTTPStatus.OK)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    address = address_of(tenant.name, server(model)), ADMIN_PORT
    listener = http.server.ThreadingHTTPServer(address, Answer)
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield admin
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
