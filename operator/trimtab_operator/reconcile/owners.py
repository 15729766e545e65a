"""Which objects to look at when something changes. Only hints: the resync finds what they miss."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trimtab_operator.api.kinds import DATASET, DRIFT_MONITOR, MODEL, PIPELINE, PIPELINE_RUN
from trimtab_operator.manifests import labels
from trimtab_operator.reconcile.schedule import Key

OWNERS = ((labels.RUN, PIPELINE_RUN), (labels.MODEL, MODEL), (labels.DATASET, DATASET))
"""Label of a child and its owner's kind. A run's Job carries its Pipeline's label as well."""


def owner_of(body: Mapping[str, Any]) -> Key | None:
    """Return the object that a Job, Pod or Deployment belongs to."""
    metadata = body["metadata"]
    carried = metadata.get("labels", {})
    return next(
        (
            Key(kind.kind, metadata["namespace"], carried[label])
            for label, kind in OWNERS
            if label in carried
        ),
        None,
    )


class Relations:
    """Which objects name which, as the watch has last shown them."""

    def __init__(self) -> None:
        self._referrers: defaultdict[Key, set[Key]] = defaultdict(set)
        self._referred: dict[Key, Key] = {}

    def update(self, key: Key, body: Mapping[str, Any], *, deleted: bool) -> None:
        """Note what an object refers to."""
        old = self._referred.pop(key, None)
        if old is not None:
            self._referrers[old].discard(key)
            if not self._referrers[old]:
                del self._referrers[old]
        target = None if deleted else _reference(key, body)
        if target is not None:
            self._referred[key] = target
            self._referrers[target].add(key)

    def affected_by(self, key: Key) -> Iterator[Key]:
        """Yield the objects whose world this one is part of."""
        yield from sorted(self._referrers.get(key, ()))
        target = self._referred.get(key)
        if key.kind in {PIPELINE_RUN.kind, MODEL.kind} and target is not None:
            # A Pipeline decides by its runs and by its champion, a Model by the Pipeline's runs.
            yield target
            siblings = self._referrers.get(target, ())
            models = sorted(other for other in siblings if other.kind == MODEL.kind != key.kind)
            yield from models
            yield from self._watching(models)
        if key.kind in {DATASET.kind, PIPELINE.kind}:
            trained = self._referrers.get(key, ()) if key.kind == DATASET.kind else {key}
            served = (other for pipeline in trained for other in self._referrers.get(pipeline, ()))
            yield from self._watching(sorted(other for other in served if other.kind == MODEL.kind))
        if key.kind == DRIFT_MONITOR.kind and target is not None:
            yield from self._retrained_by(target)
            # A Dataset takes in the captured rows of a Model when its DriftMonitor decides.
            referrers = self._referrers.get(target, ())
            yield from sorted(other for other in referrers if other.kind == DATASET.kind)

    def _watching(self, models: Iterable[Key]) -> Iterator[Key]:
        """Yield the DriftMonitors of Models: each follows what becomes of its retrain."""
        for model in models:
            referrers = self._referrers.get(model, ())
            yield from sorted(other for other in referrers if other.kind == DRIFT_MONITOR.kind)

    def _retrained_by(self, model: Key) -> Iterator[Key]:
        """Yield the Pipeline and the Dataset that act on what a Model's DriftMonitor decides."""
        pipeline = self._referred.get(model)
        if pipeline is not None:
            yield pipeline
        dataset = self._referred.get(pipeline) if pipeline is not None else None
        if dataset is not None:
            yield dataset


def _reference(key: Key, body: Mapping[str, Any]) -> Key | None:
    spec = body.get("spec", {})
    match key.kind:
        case PIPELINE.kind:
            name = (spec.get("datasetRef") or {}).get("name")
            return Key(DATASET.kind, key.namespace, name) if name else None
        case PIPELINE_RUN.kind:
            name = spec.get("pipeline")
            return Key(PIPELINE.kind, key.namespace, name) if name else None
        case MODEL.kind:
            name = (spec.get("pipelineRef") or {}).get("name")
            return Key(PIPELINE.kind, key.namespace, name) if name else None
        case DATASET.kind:
            name = ((spec.get("source") or {}).get("capture") or {}).get("model")
            return Key(MODEL.kind, key.namespace, name) if name else None
        case DRIFT_MONITOR.kind:
            name = (spec.get("modelRef") or {}).get("name")
            return Key(MODEL.kind, key.namespace, name) if name else None
        case _:
            return None
