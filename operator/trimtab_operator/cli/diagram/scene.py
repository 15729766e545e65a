"""Everything that a picture is made of, already read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import BY_KIND
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cli.strictness import TrimtabObject
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.snapshot import SnapshotManifest


@dataclass(frozen=True, slots=True)
class Scene:
    """Objects with their status, and stored results where they could be read.

    Attributes:
        now: instant that ages are told from.
        commits: by run name.
        manifests: snapshot manifests by digest.
        local_runs: newest local run by Pipeline name, where `trimtab run` made it.
        links: put before store keys to link a box to its evidence.
        copies: addresses of readable copies by store key, before `links`.
    """

    now: datetime
    objects: tuple[TrimtabObject, ...]
    commits: Mapping[str, Commit] = field(default_factory=dict)
    manifests: Mapping[str, SnapshotManifest] = field(default_factory=dict)
    local_runs: Mapping[str, str] = field(default_factory=dict)
    links: str = ""
    copies: Mapping[str, str] = field(default_factory=dict)

    def pipelines(self) -> list[Pipeline]:
        """Return the Pipelines, by name."""
        return sorted((item for item in self.objects if isinstance(item, Pipeline)), key=_full_name)

    def datasets(self) -> list[Dataset]:
        """Return the Datasets, by name."""
        return sorted((item for item in self.objects if isinstance(item, Dataset)), key=_full_name)

    def models(self) -> list[Model]:
        """Return the Models, by name."""
        return sorted((item for item in self.objects if isinstance(item, Model)), key=_full_name)

    def dataset_of(self, pipeline: Pipeline) -> Dataset | None:
        """Return the Dataset that the Pipeline trains on."""
        name = (pipeline.metadata.namespace, pipeline.spec.dataset_ref.name)
        return next((item for item in self.datasets() if _full_name(item) == name), None)

    def model_of(self, pipeline: Pipeline) -> Model | None:
        """Return the oldest Model that serves the Pipeline."""
        found = [
            item
            for item in self.models()
            if item.spec.pipeline_ref is not None
            and (item.metadata.namespace, item.spec.pipeline_ref.name) == _full_name(pipeline)
        ]
        return min(found, key=lambda item: _born(item, self.now), default=None)

    def monitor_of(self, model: Model) -> DriftMonitor | None:
        """Return the oldest DriftMonitor of the Model."""
        found = [
            item
            for item in self.objects
            if isinstance(item, DriftMonitor)
            and (item.metadata.namespace, item.spec.model_ref.name) == _full_name(model)
        ]
        return min(found, key=lambda item: _born(item, self.now), default=None)

    def watched_by(self, monitor: DriftMonitor) -> Model | None:
        """Return the Model that the DriftMonitor watches."""
        name = (monitor.metadata.namespace, monitor.spec.model_ref.name)
        return next((item for item in self.models() if _full_name(item) == name), None)

    def newest_run_of(self, pipeline: Pipeline) -> PipelineRun | None:
        """Return the newest run of the Pipeline."""
        found = [
            item
            for item in self.objects
            if isinstance(item, PipelineRun)
            and (item.metadata.namespace, item.spec.pipeline) == _full_name(pipeline)
        ]
        return max(found, key=lambda item: _born(item, self.now), default=None)

    def run_named(self, namespace: str, name: str | None) -> PipelineRun | None:
        """Return a run that is still there."""
        runs = (item for item in self.objects if isinstance(item, PipelineRun))
        return next((item for item in runs if _full_name(item) == (namespace, name)), None)

    def link(self, key: str | None) -> str:
        """Return the address of a stored object; empty where none is known."""
        if not key:
            return ""
        return self.copies.get(key, f"{self.links}{key}" if self.links else "")


def parse_objects(bodies: Iterable[dict[str, Any]]) -> tuple[TrimtabObject, ...]:
    """Return the typed objects among those that the API server returned; Lists are opened.

    Raises:
        pydantic.ValidationError: an object was written for another version of the CRDs.
    """
    found: list[TrimtabObject] = []
    for body in bodies:
        if "items" in body:
            found += parse_objects(body["items"])
        elif (kind := BY_KIND.get(str(body.get("kind")))) is not None:
            found.append(kind.parse(body))
    return tuple(found)


def _full_name(item: TrimtabObject) -> tuple[str, str]:
    return item.metadata.namespace, item.metadata.name


def _born(item: TrimtabObject, now: datetime) -> tuple[datetime, str]:
    return item.metadata.creation_timestamp or now, item.metadata.name
