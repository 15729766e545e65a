"""Runs on real Ray: one pod alone, and a cluster of two pods' launchers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.ports import free_port
from support.training import Place, make_place, make_recipe, make_spec, write_snapshot
from support.waiting import wait_until
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import Commit, RunSpec, StageName
from trimtab_stages.contract.stage_key import stage_keys

pytestmark = [pytest.mark.integration, pytest.mark.long]

TIMEOUT = 900.0


def make_run(folder: Path, epochs: int) -> tuple[Place, RunSpec]:
    folder.mkdir()
    place = make_place(folder)
    recipe = make_recipe(epochs, early_stopping={"patience_epochs": epochs}, batch_size=16)
    spec = make_spec(place.store, write_snapshot(place.store, rows=2000), recipe)
    (folder / "spec.json").write_bytes(spec.to_bytes())
    return place, spec


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def start(place: Place, environment: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
    folder = place.storage.parent
    options = ["--spec", str(folder / "spec.json"), "--storage", str(place.storage)]
    return subprocess.Popen(
        [sys.executable, "-m", "trimtab_stages", "run", *options, *more],
        env=dict(os.environ) | environment,
    )


def read_commit(place: Place, spec: RunSpec) -> Commit:
    return Commit.model_validate_json(place.store.get(layout.run_commit(spec.run)))


def test_a_run_killed_on_ray_ends_equal_to_one_without_ray(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    place, spec = make_run(tmp_path / "ray", epochs=15)
    first = start(place, {})
    started.append(first)
    wait_for_checkpoint(place, spec, first)
    first.send_signal(signal.SIGKILL)
    first.wait(TIMEOUT)
    second = start(place, {})
    started.append(second)
    assert second.wait(TIMEOUT) == 0
    alone, same = make_run(tmp_path / "alone", epochs=15)
    third = start(alone, {}, "--no-ray")
    started.append(third)
    assert third.wait(TIMEOUT) == 0
    assert read_commit(place, spec).model == read_commit(alone, same).model


def wait_for_checkpoint(place: Place, spec: RunSpec, process: subprocess.Popen[bytes]) -> None:
    prefix = layout.checkpoint_prefix(stage_keys(spec)[StageName.TRAIN])
    wait_until(lambda: process.poll() is not None or list(place.store.list(prefix)), TIMEOUT)
    assert process.poll() is None


def find_worker(driver: int, title: bytes) -> int:
    """Return the process id of a worker of Ray's below a driver, 0 where there is none."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(b"ray::" + title):
                process = int(folder.name)
                if driver in ancestors(process):
                    return process
    return 0


def ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        stat = Path(f"/proc/{process}/stat").read_text()
        process = int(stat.rpartition(")")[2].split()[1])
        found.append(process)
    return found


def test_a_lost_worker_ends_the_attempt_and_the_next_goes_on(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    place, spec = make_run(tmp_path / "lost", epochs=15)
    last_words = tmp_path / "last-words.json"
    first = start(place, {}, "--termination-log", str(last_words))
    started.append(first)
    wait_for_checkpoint(place, spec, first)
    assert find_worker(first.pid, b"IDLE") == 0, "a worker for each CPU would cost memory"
    os.kill(wait_until(lambda: find_worker(first.pid, b"StageActor"), TIMEOUT), signal.SIGKILL)
    assert first.wait(TIMEOUT) == 4
    assert json.loads(last_words.read_text())["reason"] == "Interrupted"
    second = start(place, {}, "--no-ray")
    started.append(second)
    assert second.wait(TIMEOUT) == 0
    assert read_commit(place, spec).stages[0].cached


def test_two_pods_form_a_cluster_and_both_end_well(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    place, spec = make_run(tmp_path / "cluster", epochs=2)
    environment = {"TRIMTAB_NODES": "2", "TRIMTAB_HEAD_ADDRESS": f"127.0.0.1:{free_port()}"}
    started.extend(
        start(place, environment | {"JOB_COMPLETION_INDEX": index}) for index in ("0", "1")
    )
    head, worker = started
    assert head.wait(TIMEOUT) == 0
    assert worker.wait(TIMEOUT) == 0
    assert read_commit(place, spec).run == spec.run
