"""Every text of `tests/golden/bad_input.yaml` that needs no server, from the real code path."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto

from support import graphs
from support.bad_input import (
    GOLDEN,
    STORE_CASES,
    Said,
    check_text,
    ended_job,
    of_dataset,
    of_own_onnx,
    of_run,
)
from support.decisions import monitor, monitored_world, rule
from support.ingesting import csv_text, ingest, iso, make_rules
from support.training import Place, make_place, make_spec, write_snapshot
from support.worlds import NOW, RELEASE, STORE, job, pipeline, pod
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipeline import plan_pipeline
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.contract.reasons import StageError
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.serving_plan import PlanVersion
from trimtab_stages.runtime.training import run_training
from trimtab_stages.serve.model.refusal import VersionRefusedError
from trimtab_stages.serve.plan.loader import VersionLoader
from trimtab_stages.serve.settings import read_settings

ROWS = csv_text("ts,x,t", [f"{iso(n)},{(-1) ** n},{280 + n % 20}" for n in range(100)])


def ingested(folder: Path, rules: dict[str, object], **source: Any) -> Said:
    """Return what a Dataset says after an ingest of ROWS by these rules."""
    with pytest.raises(StageError) as raised:
        ingest(folder, {"bikes.csv": ROWS}, make_rules(**rules), **source)
    return of_dataset(ended_job(raised.value))


def unknown_reference(_: Path) -> Said:
    seen = ObservedPipeline(release=RELEASE, storage=STORE)
    return Said.of("Pipeline", plan_pipeline(pipeline(), seen, NOW).status, "Ready")


def retrain_for_faults(_: Path) -> Said:
    subject = monitor(rules=[rule()])
    return Said.of(
        "DriftMonitor", plan_driftmonitor(subject, monitored_world(), NOW).status, "Validated"
    )


def unreadable_file(folder: Path) -> Said:
    return ingested(folder, {}, format="Parquet")


def missing_column(folder: Path) -> Said:
    return ingested(folder, {"columns": [{"name": "x", "role": "Source"}, {"name": "wind"}]})


def wrong_unit(folder: Path) -> Said:
    celsius = {"name": "t", "unit": "degC", "range": {"min": "-40", "max": "60"}}
    return ingested(folder, {"columns": [{"name": "x", "role": "Source"}, celsius]})


def no_rows_left(folder: Path) -> Said:
    return ingested(folder, {"time": {"column": "ts", "start": "2030-01-01T00:00:00Z"}})


def leaking_target(_: Path) -> Said:
    columns = [{"name": "temperature"}, {"name": "count", "role": "Source"}]
    return of_dataset(job(), columns=columns, lags=[{"column": "count", "steps": [0]}])


def leaking_data(folder: Path) -> Said:
    """Shift a column of measurements by one row: it is the target, one row early."""
    values = [(n * 37) % 101 - 50 for n in range(801)]
    rows = [f"{iso(n)},{values[n]},{values[n + 1]}" for n in range(800)]
    rules = make_rules(
        columns=[{"name": "x", "role": "Source"}, {"name": "next_x"}],
        lags=[],
        target={"name": "y", "column": "x", "kind": "Above", "threshold": "0", "horizonSteps": 1},
    )
    with pytest.raises(StageError) as raised:
        ingest(folder, {"bikes.csv": csv_text("ts,x,next_x", rows)}, rules)
    return of_dataset(ended_job(raised.value))


def image_not_pulled(_: Path) -> Said:
    refused = 'failed to resolve reference "registry.test/none:1": not found'
    waiting = {"waiting_reason": "ErrImagePull", "waiting_message": refused}
    stuck = pod(phase="Pending", image="registry.test/none:1", **waiting)
    return of_dataset(job(stuck))


def missing_secret(_: Path) -> Said:
    refused = 'MountVolume.SetUp failed for volume "storage" : secret "trimtab-storage" not found'
    return of_dataset(job(pod(phase="Pending", start_failure=refused)))


def out_of_memory(_: Path) -> Said:
    killed = pod(phase="Failed", exit_code=137, terminated_reason="OOMKilled")
    return of_run(job(killed, active=0, failed=1, failure_reason="MaxFailedIndexesExceeded"))


def nan_loss(folder: Path) -> Said:
    place = make_place(folder)
    snapshot = write_snapshot(place.store, scale=6e36)
    spec = make_spec(place.store, snapshot, Recipe(levers=[]))
    with pytest.raises(StageError) as raised:
        run_training(spec, place.store, place.work, threading.Event(), ray=None)
    return of_run(ended_job(raised.value))


def refused(folder: Path, graph: bytes, digest: str) -> Said:
    """Return what a Model says whose `spec.onnx` names this graph by this digest."""
    place = make_place(folder)
    place.store.put_if_absent("raw/model.onnx", graph)
    settings = read_settings(_arguments(place), {})
    loader = VersionLoader(settings, lambda: place.store)
    with pytest.raises(VersionRefusedError) as raised:
        asyncio.run(loader.load(PlanVersion(digest=digest, key="raw/model.onnx")))
    return of_own_onnx(raised.value, digest)


def _arguments(place: Place) -> list[str]:
    folder = place.storage.parent
    return ["--plan", str(folder / "plan"), "--storage", str(folder), "--state", str(folder)]


def wrong_inputs(folder: Path) -> Said:
    graph = graphs.identity(TensorProto.BFLOAT16, ["n", 2])
    return refused(folder, graph, digest_of_bytes(graph))


def digest_mismatch(folder: Path) -> Said:
    return refused(folder, b"this file", digest_of_bytes(b"another file"))


CASES: dict[str, Callable[[Path], Said]] = {
    "unknown-reference": unknown_reference,
    "retrain-for-faults": retrain_for_faults,
    "missing-secret": missing_secret,
    "unreadable-file": unreadable_file,
    "missing-column": missing_column,
    "wrong-unit": wrong_unit,
    "no-rows-left": no_rows_left,
    "leaking-target": leaking_target,
    "leaking-data": leaking_data,
    "image-not-pulled": image_not_pulled,
    "out-of-memory": out_of_memory,
    "nan-loss": nan_loss,
    "onnx-with-wrong-inputs": wrong_inputs,
    "digest-mismatch": digest_mismatch,
}


@pytest.mark.parametrize("case", list(CASES))
def test_text(case: str, tmp_path: Path) -> None:
    said = CASES[case](tmp_path)
    check_text(case, said, {str(tmp_path): "/data"})


def test_every_text_is_made_by_a_test() -> None:
    assert set(GOLDEN) == {*CASES, *STORE_CASES}


@pytest.mark.parametrize("case", list(GOLDEN))
def test_every_text_names_cause_object_and_next_step(case: str) -> None:
    text = GOLDEN[case]
    parts = [text[part] for part in ("cause", "object", "next")]
    assert all(part in text["message"] for part in parts)
    assert len(set(parts)) == len(parts)
    assert text["message"].endswith(".")
