"""A killed training goes on where it was and ends as if nothing had happened, bit for bit."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.metric_log import read_metric_log
from support.training import Place, make_place, make_recipe, make_spec, write_snapshot
from support.waiting import wait_until
from trimtab_stages.contract import layout
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import Commit, Progress, RunSpec, StageName
from trimtab_stages.contract.stage_key import stage_keys
from trimtab_stages.store import NotFound

pytestmark = [pytest.mark.integration, pytest.mark.long]

EPOCHS = 15
TIMEOUT = 900.0


def make_run(folder: Path, recipe: Recipe) -> tuple[Place, RunSpec]:
    folder.mkdir()
    place = make_place(folder)
    spec = make_spec(place.store, write_snapshot(place.store, rows=2000), recipe)
    (folder / "spec.json").write_bytes(spec.to_bytes())
    return place, spec


def patient(**training: object) -> Recipe:
    stopping = {"patience_epochs": EPOCHS}
    return make_recipe(EPOCHS, early_stopping=stopping, batch_size=16, **training)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def start(place: Place) -> subprocess.Popen[bytes]:
    folder = place.storage.parent
    options = ["--spec", str(folder / "spec.json"), "--storage", str(place.storage)]
    last_words = ["--termination-log", str(folder / "last-words.json")]
    return subprocess.Popen(
        [sys.executable, "-m", "trimtab_stages", "run", "--no-ray", *options, *last_words]
    )


def finish(place: Place, spec: RunSpec) -> Commit:
    process = start(place)
    assert process.wait(TIMEOUT) == 0
    return Commit.model_validate_json(place.store.get(layout.run_commit(spec.run)))


def checkpointed(place: Place, spec: RunSpec, stage: StageName) -> int:
    prefix = layout.checkpoint_prefix(stage_keys(spec)[stage])
    keys = [entry.key for entry in place.store.list(prefix)]
    return int(max(keys).rpartition("/")[2].removesuffix(".pt")) if keys else 0


def logged_epochs(place: Place, spec: RunSpec, stage: StageName) -> list[int]:
    """Return the epochs of all metric lines of all attempts, in the order of attempts."""
    return list(read_metric_log(place.store, spec.run, stage).epochs)


def weights(commit: Commit) -> dict[StageName, str]:
    return {
        use.result.stage: use.result.outputs["weights"].digest
        for use in commit.stages
        if "weights" in use.result.outputs
    }


def test_a_run_killed_twice_ends_bit_equal(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    recipe = patient(refit_on_all=True)
    place, spec = make_run(tmp_path / "killed", recipe)
    for stage, epoch in ((StageName.TRAIN, 3), (StageName.REFIT, 3)):
        started.append(start(place))
        wait_until(lambda: checkpointed(place, spec, stage) >= epoch, TIMEOUT)  # noqa: B023 - called before the next turn
        os.kill(started[-1].pid, signal.SIGKILL)
        assert started[-1].wait(TIMEOUT) == -signal.SIGKILL
        with pytest.raises(NotFound):
            place.store.get(layout.run_commit(spec.run))
    commit = finish(place, spec)
    untouched, same = make_run(tmp_path / "untouched", recipe)
    expected = finish(untouched, same)
    assert same == spec
    assert weights(commit) == weights(expected)
    assert commit.model == expected.model
    assert commit.judged == expected.judged
    for stage in (StageName.TRAIN, StageName.REFIT):
        epochs = logged_epochs(place, spec, stage)
        assert len(epochs) == len(set(epochs))
        assert len(epochs) >= len(logged_epochs(untouched, same, stage)) - 2
    assert [entry.key for entry in place.store.list("checkpoints/")] == []


def test_a_run_asked_to_stop_leaves_a_checkpoint_and_its_last_words(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    place, spec = make_run(tmp_path / "stopped", patient(checkpoint_every_epochs=EPOCHS))
    process = start(place)
    started.append(process)

    def epochs_done() -> int:
        prefix = layout.progress_prefix(spec.run, "001")
        reports = [place.store.get(entry.key) for entry in place.store.list(prefix)]
        read = [Progress.model_validate_json(report) for report in reports]
        return max((r.done for r in read if r.stage is StageName.TRAIN), default=0)

    wait_until(lambda: epochs_done() >= 3, TIMEOUT)
    process.terminate()
    assert process.wait(TIMEOUT) == 4
    last_words = json.loads((tmp_path / "stopped" / "last-words.json").read_text())
    assert (last_words["reason"], last_words["retryable"]) == ("Interrupted", True)
    saved = checkpointed(place, spec, StageName.TRAIN)
    assert 3 <= saved < EPOCHS
    finish(place, spec)
    assert logged_epochs(place, spec, StageName.TRAIN) == list(range(1, EPOCHS + 1))
