"""A run's pod stands still between two stages, as its log tells of them."""

import io
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pytest

from localcluster.processes import parse_stat
from support.contract_samples import RUN_SPEC
from support.run_gate import RunGate, ended_stages
from support.training import make_place
from support.waiting import wait_until
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import RunSpec, StageName, StageResult
from trimtab_stages.contract.stage_key import stage_keys
from trimtab_stages.runtime.context import StageContext
from trimtab_stages.runtime.execute import LocalExecutor
from trimtab_stages.runtime.logs import JsonFormatter
from trimtab_stages.runtime.progress import ProgressLog
from trimtab_stages.runtime.walk import walk
from trimtab_stages.store import Store

SECONDS = 20
NAMESPACE, UID = "recovery", "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
TRAIN, EXPORT = StageName.TRAIN, StageName.EXPORT
BEGIN = "2026-01-01T00:00:00.123456789Z stderr F "


def line(stage: StageName) -> str:
    return f'{BEGIN}{{"message": "stage", "stage": "{stage}", "cached": false}}\n'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Log of a pod that is new."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / f"{NAMESPACE}_bikes-1f3a-0-x2x4x_{UID}" / "train" / "0.log"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Process of that pod."""
    started = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (tmp_path / "proc" / str(started.pid)).mkdir(parents=True)
    (tmp_path / "proc" / str(started.pid) / "cgroup").write_text(f"0::/kubepods/pod{UID}/c1\n")
    yield started
    started.communicate(b"\n")


@contextmanager
def watched(folder: Path, *stages: StageName) -> Iterator[RunGate]:
    gate = RunGate(folder / "logs", NAMESPACE, stages, folder / "proc")
    over = threading.Event()
    thread = threading.Thread(target=gate.watch, args=(over,))
    thread.start()
    yield gate
    over.set()
    thread.join()


def stands_still(process: subprocess.Popen[bytes]) -> bool:
    return parse_stat(Path(f"/proc/{process.pid}/stat").read_text())[0] == "T"


def write(log: Path, *stages: StageName) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("".join(map(line, stages)))


def test_a_walk_tells_of_its_stages_in_order(tmp_path: Path) -> None:
    spec, store = RUN_SPEC, make_place(tmp_path).store
    for stage, key in stage_keys(spec).items():
        known = StageResult(stage=stage, key=key)
        store.put_if_absent(layout.stage_result(stage, key), known.to_bytes())
    with logged() as written:
        walk(spec, store, executor_of(spec, store, tmp_path), perf_counter)
    lines = "".join(f"{BEGIN}{one}\n" for one in written.getvalue().splitlines())
    assert ended_stages(lines) == list(stage_keys(spec))
    half = f'{BEGIN}{{"message": "stage", "st'
    assert ended_stages(lines + half) == list(stage_keys(spec)), "a line that is being written"


def executor_of(spec: RunSpec, store: Store, work: Path) -> LocalExecutor:
    progress = ProgressLog(store, spec.run, "001")
    keys = stage_keys(spec)
    return LocalExecutor(
        StageContext(spec, keys, store, work, progress, threading.Event(), threads=1)
    )


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Yield what the stages log, as their pods write it."""
    target, logger = io.StringIO(), logging.getLogger("trimtab_stages")
    handler, before = logging.StreamHandler(target), logger.level
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield target
    logger.setLevel(before)
    logger.removeHandler(handler)


def test_a_pod_stands_still_after_each_stage_until_it_may_go_on(
    tmp_path: Path, log: Path, process: subprocess.Popen[bytes]
) -> None:
    with watched(tmp_path, TRAIN, EXPORT) as gate:
        write(log, StageName.PREPROCESS, TRAIN)
        wait_until(lambda: gate.holds(TRAIN) and stands_still(process), SECONDS)
        gate.open(TRAIN)
        wait_until(lambda: not gate.holds(TRAIN) and not stands_still(process), SECONDS)
        write(log, StageName.PREPROCESS, TRAIN, EXPORT)
        wait_until(lambda: gate.holds(EXPORT) and stands_still(process), SECONDS)
    assert not stands_still(process), "it goes on when nobody watches any more"


def test_a_pod_that_was_there_before_is_left_alone(
    tmp_path: Path, log: Path, process: subprocess.Popen[bytes]
) -> None:
    write(log, TRAIN, EXPORT)
    with watched(tmp_path, TRAIN, EXPORT) as gate:
        later = log.parents[2] / f"{NAMESPACE}_bikes-2-0-y2y4y_1{UID[1:]}" / "train" / "0.log"
        write(later, TRAIN)
        wait_until(lambda: gate.holds(TRAIN), SECONDS)
        assert not stands_still(process)


def test_a_pod_that_slipped_by_is_told(
    tmp_path: Path, log: Path, process: subprocess.Popen[bytes]
) -> None:
    assert not stands_still(process)
    with watched(tmp_path, TRAIN) as gate:
        write(log, TRAIN, EXPORT)
        wait_until(lambda: stands_still(process), SECONDS)
        wait_until(lambda: "before it stood still" in trouble(gate), SECONDS)


def trouble(gate: RunGate) -> str:
    """Return what the gate complains about."""
    try:
        gate.holds(TRAIN)
    except AssertionError as error:
        return str(error)
    return ""
