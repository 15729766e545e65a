"""Each field of each example acts: with another value it is refused, or something else follows."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest
import yaml

from support.contract_samples import COMMIT
from support.decisions import monitor, pending
from support.examples import EXAMPLES
from support.monitored_play import Remembered, played
from support.mutations import Body, fields, mutants
from support.mutations import Path as FieldPath
from support.rollout_play import turning_points
from support.worlds import ingested, model, snapshot, version
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.cli.checks import Checks, validate
from trimtab_operator.cli.local.specs import local_release
from trimtab_operator.cli.rendering import render
from trimtab_operator.cli.strictness import TrimtabObject, dotted
from trimtab_operator.domain.serving_plan import plan_of_commit
from trimtab_operator.domain.triggers import Decided, due_causes
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.gates import Estimate, Evidence, LeverLoss, Metric, judge
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import RunSpec
from trimtab_stages.contract.stage_key import stage_keys

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RELEASE = local_release("test")
END = object()
"""Equals nothing that follows from a manifest."""
FILES = sorted(EXAMPLES.glob("*/*.yaml"))


@cache
def _bodies(folder: Path) -> dict[str, Body]:
    """Return the objects of an example by the name of their file."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}


CASES = [
    pytest.param(file, path, id=f"{file.parent.name}-{file.stem}-{dotted(path)}")
    for file in FILES
    for path in fields(_bodies(file.parent)[file.stem])
]


def test_the_examples_are_there() -> None:
    assert {file.parent.name for file in FILES} == {"bikes", "cgm", "minimal", "own-onnx"}


@pytest.mark.parametrize(("file", "path"), CASES)
def test_a_field_acts(file: Path, path: FieldPath, tmp_path: Path) -> None:
    bodies = _bodies(file.parent)
    tried = list(mutants(bodies[file.stem], path))
    assert tried
    for mutant in tried:
        checks = _check(bodies | {file.stem: mutant}, tmp_path)
        assert checks.findings or _differs(file.parent, checks), mutant


@cache
def _as_written(folder: Path) -> list[tuple[TrimtabObject, Remembered]]:
    """Return the objects of an example as it is, with what follows from each."""
    written = validate([folder])
    assert not written.findings
    return [(item, Remembered(_follow(item))) for item in written.objects()]


def _differs(folder: Path, checks: Checks) -> bool:
    """Return whether anything else follows; nothing is looked at behind the first difference.

    What follows from an object that is as written has no need to be looked at again.
    """
    pairs = zip(checks.objects(), _as_written(folder), strict=True)
    changed = [(item, before) for item, (written, before) in pairs if item != written]
    return any(
        one != other
        for item, before in changed
        for one, other in zip_longest(_follow(item), before, fillvalue=END)
    )


def _check(bodies: dict[str, Body], folder: Path) -> Checks:
    for name, body in bodies.items():
        (folder / f"{name}.json").write_text(json.dumps(body))
    return validate([folder])


def _follow(item: TrimtabObject) -> Iterator[object]:
    """Yield an object's children without the copies of its spec, and the decisions it leads to."""
    for child in render(item, RELEASE, "demo", NOW):
        bare = copy.deepcopy(child)
        if child["kind"] == "PipelineRun":
            del bare["spec"]["recipe"]
        if child["kind"] == "ConfigMap" and not isinstance(item, Model):
            del bare["data"]
        yield bare
        if "spec.json" in child.get("data", {}) and isinstance(item, Pipeline):
            yield stage_keys(RunSpec.from_bytes(child["data"]["spec.json"].encode()))
    if isinstance(item, Pipeline):
        recipe = item.spec.recipe()
        yield judge(recipe.gates, _evidence(recipe))
        yield due_causes(item, snapshot(), (), NOW, _decided())
    if isinstance(item, Model) and item.spec.pipeline_ref is not None:
        yield plan_of_commit(item, COMMIT)
        yield turning_points(item)
    if isinstance(item, DriftMonitor):
        # Windows and signals decide what evaluation reports say; a report names them by digest.
        yield digest_of(item.spec.watched())
        for passes in (True, False):
            yield from played(item.model_dump_json(by_alias=True), passes=passes)


def _decided() -> Decided:
    """Return a world in which a DriftMonitor has decided to retrain the Pipeline's champion."""
    watching = monitor(status={"pending": pending()})
    return Decided(ingested(), (model({"champion": version()}),), (watching,))


def _evidence(recipe: Recipe) -> Evidence:
    """Return what a run with middling results hands to its gates."""
    middling = [
        Estimate(metric=metric, value=0.8, low=0.78, high=0.82, samples=1000) for metric in Metric
    ]
    losses = [
        LeverLoss(
            name=lever.name,
            loss=0.005,
            limit=None if lever.max_information_loss is None else float(lever.max_information_loss),
            columns_in=4,
            columns_out=4,
        )
        for lever in recipe.levers
    ]
    return Evidence(
        estimates=middling,
        versus_champion=middling,
        parity_max_abs_error=1e-6,
        parity_rows=100,
        train_loss=0.3,
        validation_loss=0.4,
        levers=losses,
    )
