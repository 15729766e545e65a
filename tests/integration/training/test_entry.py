"""The entry point as a pod starts it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.training import make_place

pytestmark = pytest.mark.integration

HEAVY = ("torch", "ray", "onnx", "onnxruntime", "sklearn")


def test_an_ingest_pod_imports_no_training_library() -> None:
    code = (
        "import sys, trimtab_stages.runtime.entry, trimtab_stages.ingest.run;"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("command", ["run", "ingest"])
def test_a_wrong_specification_is_final_and_explained(tmp_path: Path, command: str) -> None:
    place = make_place(tmp_path)
    (tmp_path / "spec.json").write_text('{"run": "r", "colour": "blue"}')
    last_words = tmp_path / "last-words.json"
    arguments = ["--spec", str(tmp_path / "spec.json"), "--storage", str(place.storage)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "trimtab_stages", command, *arguments),
            *("--termination-log", str(last_words)),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert json.loads(last_words.read_text())["reason"] == "InvalidInvocation"
    assert "colour" in json.loads(last_words.read_text())["message"]
    assert all(json.loads(line)["level"] for line in done.stderr.splitlines())
