"""Assembles a run's commit, judges the gates, writes the report, and commits last of all."""

import json
from collections.abc import Sequence

from trimtab_stages.contract import layout
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.gates import Evidence, judge, overall
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.run import (
    Commit,
    ModelArtifact,
    RunSpec,
    StageName,
    StageResult,
    StageUse,
)
from trimtab_stages.evaluate.evaluation import EVALUATION, Evaluation
from trimtab_stages.evaluate.report import ReportFacts, render_report
from trimtab_stages.export.outputs import (
    GOLDEN,
    JUDGED,
    MODEL,
    PARITY_ERROR,
    PARITY_ROWS,
    REFERENCE,
)
from trimtab_stages.preprocess.run import read_preprocessor
from trimtab_stages.preprocess.split import read_manifest
from trimtab_stages.runtime.artifacts import read_blob, write_blob
from trimtab_stages.store import ArtifactConflict, NotFound, Store
from trimtab_stages.train.outputs import CURVE, REFINED_LOSS, TRAIN_LOSS


def read_commit(store: Store, spec: RunSpec) -> Commit | None:
    """Return the commit of an earlier attempt, or None.

    Raises:
        StageError: ArtifactConflict, the commit is of another cause or snapshot.
    """
    try:
        data = store.get(layout.run_commit(spec.run))
    except NotFound:
        return None
    found = Commit.model_validate_json(data)
    if (found.trigger_id, found.snapshot) != (spec.trigger_id, spec.snapshot):
        raise _conflict(store, spec, f"trigger {found.trigger_id} and snapshot {found.snapshot}")
    return found


def commit_run(store: Store, spec: RunSpec, uses: Sequence[StageUse]) -> Commit:
    """Write and return the commit; an equal one of another attempt is adopted.

    Raises:
        StageError: ArtifactConflict, another attempt committed another model.
    """
    commit = _build(store, spec, uses)
    try:
        store.put_if_absent(layout.run_commit(spec.run), commit.to_bytes())
    except ArtifactConflict:
        found = read_commit(store, spec)
        if found is None or found.model.file != commit.model.file:
            raise _conflict(store, spec, "another model") from None
        return found
    return commit


def build_evidence(
    store: Store, results: dict[StageName, StageResult], evaluation: Evaluation
) -> Evidence:
    """Return everything that gates look at."""
    training, exported = results[StageName.TRAIN].numbers, results[StageName.EXPORT].numbers
    return Evidence(
        estimates=evaluation.estimates,
        versus_champion=evaluation.versus_champion,
        champion_favoured=evaluation.champion_favoured,
        parity_max_abs_error=exported[PARITY_ERROR],
        parity_rows=int(exported[PARITY_ROWS]),
        train_loss=training[TRAIN_LOSS],
        validation_loss=training[REFINED_LOSS],
        levers=read_preprocessor(store, results[StageName.PREPROCESS]).levers,
    )


def _build(store: Store, spec: RunSpec, uses: Sequence[StageUse]) -> Commit:
    results = {use.result.stage: use.result for use in uses}
    evaluation = Evaluation.model_validate_json(
        read_blob(store, results[StageName.EVALUATE].outputs[EVALUATION])
    )
    evidence = build_evidence(store, results, evaluation)
    gates = judge(spec.recipe.gates, evidence)
    outputs = results[StageName.EXPORT].outputs
    manifest = read_manifest(store, spec)
    commit = Commit(
        run=spec.run,
        trigger_id=spec.trigger_id,
        snapshot=spec.snapshot,
        stages=list(uses),
        evidence=evidence,
        gates=gates,
        outcome=overall(gates),
        estimates=evaluation.estimates,
        confusion=evaluation.confusion,
        model=ModelArtifact(
            file=outputs[MODEL],
            threshold=evaluation.served_threshold,
            classes=manifest.target.classes,
            features=manifest.features,
            golden=outputs[GOLDEN],
            reference=outputs[REFERENCE],
        ),
        judged=None if outputs[JUDGED] == outputs[MODEL] else outputs[JUDGED],
    )
    curve = json.loads(read_blob(store, results[StageName.TRAIN].outputs[CURVE]))
    page = render_report(ReportFacts(spec, commit, evaluation, curve))
    return commit.model_copy(update={"report": write_blob(store, page.encode())})


def _conflict(store: Store, spec: RunSpec, what: str) -> StageError:
    return StageError(
        StageReason.ARTIFACT_CONFLICT,
        f"{store.uri(layout.run_commit(spec.run))} already holds a commit of {what}; a run is "
        f"written once: start a new run (specification {digest_of(spec)})",
    )
