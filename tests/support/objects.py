"""Builds Trimtab's objects and the children's status that a kubelet and controllers would write."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.apiserver import ApiServer, Object
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.kinds import BY_KIND
from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.run import IngestCommit
from trimtab_stages.store import LocalStore, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(kind: str, namespace: str, name: str, spec: Object) -> Object:
    """Return an object of one of Trimtab's kinds."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def dataset_spec(**changes: object) -> Object:
    """Return the spec of a small Dataset."""
    spec: Object = {
        "source": {"uri": "raw/rows.csv"},
        "columns": [
            {"name": "time", "role": "Source", "type": "Timestamp"},
            {"name": "load"},
            {"name": "busy", "role": "Source"},
        ],
        "time": {"column": "time"},
        "target": {"name": "label", "column": "busy", "kind": "Above", "threshold": "0.5"},
    }
    return spec | changes


@dataclass(frozen=True, slots=True)
class Namespace:
    """One tenant: its namespace in the API server and its store."""

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
        assert found is not None, f"{kind} {name} is gone"
        return found

    def condition(self, kind: str, name: str, condition: str) -> Object:
        """Return a condition; empty where it is absent."""
        conditions = self.get(kind, name).get("status", {}).get("conditions", [])
        return next((item for item in conditions if item["type"] == condition), {})

    def jobs(self) -> list[Object]:
        """Return all Jobs."""
        return self.server.items(f"/apis/batch/v1/namespaces/{self.name}/jobs")

    def finish_job(self, name: str) -> None:
        """Set a Job's status as the Job controller does after its pod has succeeded."""
        path = f"/apis/batch/v1/namespaces/{self.name}/jobs/{name}/status"
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = [
            {
                "type": kind,
                "status": "True",
                "lastTransitionTime": stamp,
                "reason": "CompletionsReached",
            }
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
        self.server.merge(path, {"status": status})

    def commit_ingest(self, dataset: str, job: Object) -> IngestCommit:
        """Write the commit that the Job's pod would write."""
        ingest = job["metadata"]["labels"]["trimtab.dev/cause"]
        digest = digest_of([self.name, dataset, ingest])
        key = layout.snapshot_file(dataset, digest, "manifest.json")
        commit = IngestCommit(
            id=ingest,
            dataset=dataset,
            snapshot=digest,
            manifest=ArtifactRef(key=key, digest=digest, size=1),
            rows=100,
            newest_row=NOW,
        )
        self.store.put_if_absent(layout.ingest_commit(dataset, ingest), commit.to_bytes())
        return commit


def local_namespace(server: ApiServer, folder: Path, name: str) -> Namespace:
    """Create a namespace whose bucket is a directory."""
    bucket = folder / f"trimtab-{name}"
    bucket.mkdir(parents=True)
    return Namespace(server, server.create_namespace(name), LocalStore(bucket))


def conditions_of(body: Object) -> dict[str, Any]:
    """Return the conditions of an object as `type: (status, reason)`."""
    conditions = body.get("status", {}).get("conditions", [])
    return {item["type"]: (item["status"], item["reason"]) for item in conditions}
