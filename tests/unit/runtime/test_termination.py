import json
from pathlib import Path

import pytest

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.run import RunSpec, Termination
from trimtab_stages.runtime.memory import was_out_of_memory
from trimtab_stages.runtime.stop import InterruptedRunError
from trimtab_stages.runtime.termination import (
    RunEndedError,
    exit_code,
    termination_of,
    write_termination,
)
from trimtab_stages.store import (
    ArtifactConflict,
    InvalidStorageSettings,
    NotFound,
    StoreUnreachable,
)

ENDED = Termination(reason=StageReason.NAN_LOSS, message="elsewhere")


def invalid_spec() -> Exception:
    try:
        RunSpec.model_validate({"run": "x"})
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        pytest.param(StageError(StageReason.NAN_LOSS, "m"), "NaNLoss", 3, id="stage"),
        pytest.param(StoreUnreachable("s3", "no route"), "StoreUnreachable", 4, id="unreachable"),
        pytest.param(
            ArtifactConflict("u", offered="a", present="b"), "ArtifactConflict", 3, id="conflict"
        ),
        pytest.param(NotFound("s3://b/k"), "SourceMissing", 3, id="missing"),
        pytest.param(InvalidStorageSettings("/s", "no"), "InvalidInvocation", 3, id="settings"),
        pytest.param(InterruptedRunError(), "Interrupted", 4, id="stopped"),
        pytest.param(invalid_spec(), "InvalidInvocation", 3, id="specification"),
        pytest.param(MemoryError(), "OutOfMemory", 3, id="memory"),
        pytest.param(OSError("disk is full"), "InternalError", 4, id="machine"),
        pytest.param(KeyError("bug"), "InternalError", 3, id="bug"),
        pytest.param(RunEndedError(ENDED), "NaNLoss", 3, id="other-process"),
    ],
)
def test_every_error_has_a_reason_and_an_exit_code(
    error: Exception, reason: str, code: int
) -> None:
    termination = termination_of(error)
    assert termination.reason == reason
    assert termination.message
    assert exit_code(termination) == code


def test_last_words_fit_kubernetes_and_are_json(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write_termination(termination_of(StageError(StageReason.WRONG_UNIT, "x" * 9000)), path)
    assert len(path.read_bytes()) < 4096
    assert json.loads(path.read_text())["reason"] == "WrongUnit"


def test_last_words_that_cannot_be_written_stop_nothing(tmp_path: Path) -> None:
    write_termination(ENDED, tmp_path / "no" / "folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        pytest.param("memory.events", "low 0\noom 1\noom_kill 2\n", True, id="v2-killed"),
        pytest.param("memory.events", "low 0\noom 1\noom_kill 0\n", False, id="v2-quiet"),
        pytest.param(
            "memory/memory.oom_control", "under_oom 0\noom_kill 1\n", True, id="v1-killed"
        ),
        pytest.param("other", "", False, id="no-cgroup"),
    ],
)
def test_kills_for_memory_are_read_from_the_cgroup(
    tmp_path: Path, file: str, text: str, *, expected: bool
) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / file).write_text(text)
    assert was_out_of_memory(tmp_path) is expected
