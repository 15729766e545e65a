"""The journey from raw data to a first answer, step by step; the demo tells it, a test walks it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.bikes import Month, month_after
from demo.client import ask
from demo.comparison import balanced_accuracy, boosting_decisions
from demo.installation import CHART, upload
from demo.tenant import tenant_store
from support.kubectl import Kubectl
from support.waiting import wait_until
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.kinds import DATASET
from trimtab_operator.manifests.names import server
from trimtab_stages.contract.layout import run_commit
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.snapshot import SnapshotManifest

EXAMPLES = CHART / "examples" / "bikes"
NAME = "bikes"


class NotReadyError(Exception):
    """An object cannot become ready as it is."""


@dataclass(frozen=True)
class Served:
    """What the journey ends with.

    Attributes:
        run: name of the PipelineRun.
        digest: digest of the served ONNX file.
        accuracy: balanced accuracy of the served decisions on the month after training.
        boosting: the same of HistGradientBoosting on the rows that the network has learnt.
        rows: rows of that month.
    """

    run: str
    digest: str
    accuracy: float
    boosting: float
    rows: int


@dataclass(frozen=True)
class Journey:
    """One namespace's way through the loop.

    Attributes:
        namespace: where it happens.
        raw: the raw file.
        name: of Dataset, Pipeline and Model.
    """

    namespace: str
    raw: bytes
    name: str = NAME

    @property
    def kubectl(self) -> Kubectl:
        """kubectl in the journey's namespace."""
        return Kubectl(self.namespace)

    def begin(self) -> None:
        """Upload the file of bike rides and apply the example's three manifests."""
        upload(self.namespace, "raw/bikes.csv", self.raw)
        for name in ("dataset", "pipeline", "model"):
            self.kubectl.apply(EXAMPLES / f"{name}.yaml")

    def until_ready(self, kind: str, seconds: float) -> None:
        """Wait until the journey's object of a kind is ready.

        Raises:
            NotReadyError: it is stalled; the message is the object's own.
        """
        what = f"{kind}/{self.name}"

        def has_settled() -> bool:
            stalled = self.kubectl.condition(what, "Stalled")
            if stalled.get("status") == "True":
                raise NotReadyError(f"{what} {stalled['reason']}: {stalled['message']}")
            return self.kubectl.condition(what, "Ready").get("status") == "True"

        wait_until(has_settled, seconds, interval=0.5, what=f"{what} is ready")

    def ingested(self, seconds: float) -> SnapshotManifest:
        """Wait for the snapshot and return its manifest."""
        self.until_ready("dataset", seconds)
        snapshot = self.kubectl.get(f"dataset/{self.name}")["status"]["snapshot"]
        with tenant_store(self.namespace) as store:
            data = store.get(snapshot["manifest"]["key"])
        return SnapshotManifest.model_validate_json(data)

    def trained(self, seconds: float, tell: Callable[[str], None]) -> tuple[str, Commit]:
        """Wait for the run's end, telling its progress; return its name and commit."""
        told: list[str] = []

        def ended() -> str | None:
            run = self._newest_run()
            line = _progress_line(run)
            if line and line not in told:
                told.append(line)
                tell(line)
            return run.get("metadata", {}).get("name") if has_ended(run) else None

        name = wait_until(ended, seconds)
        failed = self.kubectl.condition(f"pipelinerun/{name}", "Failed")
        if failed.get("status") == "True":
            raise NotReadyError(f"PipelineRun {name}: {failed['message']}")
        with tenant_store(self.namespace) as store:
            commit = Commit.model_validate_json(store.get(run_commit(name)))
        return name, commit

    def served(self, manifest: SnapshotManifest, commit: Commit, seconds: float) -> Served:
        """Wait until the Model answers with the run's version; ask it for the next month."""
        self.until_ready("model", seconds)
        month = self.month(manifest)
        with self.kubectl.forward(f"svc/{server(self.name)}", 8080) as address:
            decided = ask(address, self.name, month.inputs, month.time_ns, batch=24)
        with tenant_store(self.namespace) as store:
            rival = boosting_decisions(store, manifest, commit, month.inputs)
        return Served(
            run=commit.run,
            digest=commit.model.file.digest,
            accuracy=balanced_accuracy(month.busy, decided),
            boosting=balanced_accuracy(month.busy, rival),
            rows=len(month.busy),
        )

    def month(self, manifest: SnapshotManifest) -> Month:
        """Return the month after training."""
        body = self.kubectl.get(f"dataset/{self.name}")
        dataset = DATASET.parse(body)
        if not isinstance(dataset, Dataset):
            raise TypeError("the kind Dataset parses to a Dataset")
        return month_after(self.raw, dataset.spec.rules(), manifest)

    def _newest_run(self) -> dict[str, Any]:
        runs = self.kubectl.get("pipelineruns")["items"]
        return max(runs, key=lambda run: run["metadata"]["creationTimestamp"], default={})


def has_ended(run: dict[str, Any]) -> bool:
    conditions = run.get("status", {}).get("conditions", [])
    return any(
        item["type"] in {"Complete", "Failed"} and item["status"] == "True" for item in conditions
    )


def causes_of(run: dict[str, Any]) -> list[str]:
    """Return the identities of all causes that a run serves."""
    return [*run["spec"].get("causes", []), run["spec"]["triggerId"]]


def _progress_line(run: dict[str, Any]) -> str:
    progress = run.get("status", {}).get("progress")
    if not progress:
        return ""
    return f"{progress['stage']} {progress['done']}/{progress['of']} {progress.get('message', '')}"
