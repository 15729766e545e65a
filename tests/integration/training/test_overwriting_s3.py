"""A training pod on a store that does not keep what is written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.s3 import S3Server, write_storage_directory
from support.training import make_recipe, make_spec, write_snapshot
from trimtab_stages.store import S3Store

pytestmark = [pytest.mark.integration, pytest.mark.long]

FINAL = 3
END_SECONDS = 120


def test_it_is_refused_before_anything_is_written(overwriting_s3: S3Server, tmp_path: Path) -> None:
    settings = overwriting_s3.create_bucket()
    store = S3Store(settings)
    spec = make_spec(store, write_snapshot(store), make_recipe())
    (tmp_path / "spec.json").write_bytes(spec.to_bytes())
    before = sorted(entry.key for entry in store.list())
    storage = write_storage_directory(settings, tmp_path / "storage")
    last_words = tmp_path / "last-words.json"
    options = ["--spec", str(tmp_path / "spec.json"), "--storage", str(storage)]
    options += ["--termination-log", str(last_words), "--no-ray"]
    command = [sys.executable, "-m", "trimtab_stages", "run", *options]
    assert subprocess.run(command, timeout=END_SECONDS).returncode == FINAL
    assert json.loads(last_words.read_text())["reason"] == "ConditionalWriteUnsupported"
    assert sorted(entry.key for entry in store.list()) == before
