"""Walks Datasets and Pipelines: import, ingest, run. What is committed is not done again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import Champion
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.local.child import Child, run_child
from trimtab_operator.cli.local.progress import showing
from trimtab_operator.cli.local.source import import_source
from trimtab_operator.cli.local.specs import Cause, build_ingest_spec, build_local_run
from trimtab_operator.cli.local.workspace import Workspace
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError, StoredModel
from trimtab_stages.contract.run import Commit, IngestCommit
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.store import Store, StoreError

Stored = TypeVar("Stored", bound=StoredModel)


@dataclass(frozen=True, slots=True)
class LocalDataset:
    """A Dataset and the folder that its source is relative to."""

    dataset: Dataset
    folder: Path


@dataclass(frozen=True, slots=True)
class Ingested:
    """A Dataset's snapshot.

    Attributes:
        fresh: False where an earlier run had made it.
    """

    dataset: Dataset
    commit: IngestCommit
    manifest: SnapshotManifest
    fresh: bool


@dataclass(frozen=True, slots=True)
class Trained:
    """A Pipeline's run.

    Attributes:
        fresh: False where the very same run was committed before.
    """

    pipeline: Pipeline
    commit: Commit
    fresh: bool


class Walk:
    """Runs stages in child processes of one workspace.

    Args:
        workspace: where everything is kept.
        console: where progress is shown.
        code_version: version of the stage code.
    """

    def __init__(self, workspace: Workspace, console: Console, code_version: str) -> None:
        self.store = workspace.open_store()
        self._workspace = workspace
        self._console = console
        self._code_version = code_version

    def ingest(self, local: LocalDataset) -> Ingested:
        """Make the Dataset's snapshot, or find it.

        Raises:
            Refusal: the source is missing, or the ingest failed.
        """
        dataset = local.dataset
        source = import_source(self.store, local.folder, dataset.spec.source.uri)
        spec = build_ingest_spec(dataset, source, self._code_version)
        key = layout.ingest_commit(dataset.metadata.name, spec.id)
        fresh = not self._exists(key)
        if fresh:
            if (note := file_alone(dataset)) is not None:
                self._console.print(note)
            name = f"ingest-{dataset.metadata.name}-{spec.id}"
            self._start("ingest", name, spec, f"Dataset {dataset.metadata.name}: ingest")
        commit = read_stored(self.store, key, IngestCommit)
        manifest = read_stored(self.store, commit.manifest.key, SnapshotManifest)
        return Ingested(dataset, commit, manifest, fresh)

    def train(
        self, pipeline: Pipeline, ingested: Ingested, champion: Champion | None, seed: int | None
    ) -> Trained:
        """Run the Pipeline on a snapshot, or find the run's commit.

        Raises:
            Refusal: the run failed.
        """
        cause = Cause.of(ingested.commit, champion, seed, self._code_version)
        spec = build_local_run(pipeline, cause)
        key = layout.run_commit(spec.run)
        fresh = not self._exists(key)
        if fresh:
            title = f"Pipeline {pipeline.metadata.name}: run {spec.run}"
            self._start("run", spec.run, spec, title, "--no-ray")
        return Trained(pipeline, read_stored(self.store, key, Commit), fresh)

    def champion(self, run: str) -> Champion:
        """Return the version that an earlier run made.

        Raises:
            Refusal: there is no such run.
        """
        model = read_stored(self.store, layout.run_commit(run), Commit).model
        return Champion.model_validate(
            {
                "digest": model.file.digest,
                "file": model.file,
                "threshold": None if model.threshold is None else f"{model.threshold:.9f}",
            }
        )

    def _exists(self, key: str) -> bool:
        try:
            return self.store.exists(key)
        except StoreError as error:
            raise Refusal(error.reason, error.message) from error

    def _start(self, verb: str, name: str, spec: StoredModel, title: str, *more: str) -> None:
        told = str(self._workspace.write_spec(name, spec))
        storage = str(self._workspace.storage)
        arguments = (verb, "--spec", told, "--storage", storage, *more)
        with showing(self._console, title) as view:
            run_child(Child(arguments, self._workspace.log_file(name)), view)


def file_alone(dataset: Dataset) -> str | None:
    """Return what to say of a Dataset whose captured rows a local run leaves out, or None."""
    capture = dataset.spec.source.capture
    if capture is None:
        return None
    return (
        f"Dataset {dataset.metadata.name}: the file alone is ingested; rows of Model"
        f" {capture.model} (`spec.source.capture`) are added in a cluster, when a DriftMonitor"
        " has decided to retrain."
    )


def read_stored(store: Store, key: str, kind: type[Stored]) -> Stored:
    """Return a stored object.

    Raises:
        Refusal: it is not there, or has another format.
    """
    try:
        return kind.from_bytes(store.get(key))
    except StoreError as error:
        raise Refusal(error.reason, error.message) from error
    except (ValueError, NewerSchemaError) as error:
        raise Refusal("InvalidArtifact", f"{store.uri(key)}: {error}") from error


def datasets_first(
    locals_: Sequence[LocalDataset], pipelines: Sequence[Pipeline]
) -> list[tuple[LocalDataset, list[Pipeline]]]:
    """Return every Dataset with the Pipelines that train on it.

    Raises:
        Refusal: a Pipeline's Dataset is not among them.
    """
    known = {local.dataset.metadata.name for local in locals_}
    for pipeline in pipelines:
        name = pipeline.spec.dataset_ref.name
        if name not in known:
            raise Refusal(
                "ReferenceNotFound",
                f"Pipeline/{pipeline.metadata.name} `spec.datasetRef.name`: Dataset '{name}' is "
                "not among these manifests; add its file with -f",
            )
    return [
        (
            local,
            [
                item
                for item in pipelines
                if item.spec.dataset_ref.name == local.dataset.metadata.name
            ],
        )
        for local in locals_
    ]
