"""One place knows where programs, data and the cluster's state are."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import folders
from support.folders import MissingProgramError, find_program

TESTS = Path(__file__).parents[2]
KNOWN = re.compile(r"[\"/]\.cache\b|/var/lib/trimtab|environ\W+(get\W+)?TRIMTAB_(CACHE|STATE)")
OF_THE_LAUNCHER = TESTS / "unit" / "localcluster"
TOLD = "from support.folders import *; print(CACHE, BINARIES, DATA, STATE, ADMIN_KUBECONFIG)"


def test_nothing_else_among_the_tests_names_the_folders() -> None:
    others = [path for path in TESTS.rglob("*.py") if path != Path(__file__)]
    named = [path for path in others if KNOWN.search(path.read_text())]
    assert len(others) > 100
    assert [path for path in named if OF_THE_LAUNCHER not in path.parents] == []


def test_they_are_where_the_launcher_puts_them() -> None:
    told = {"TRIMTAB_CACHE": "/c", "TRIMTAB_STATE": "/s", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", TOLD]
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["/c", "/c/bin", "/c/data", "/s", "/s/admin.kubeconfig"]


def test_a_built_program_is_preferred_to_one_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, installed = tmp_path / "built", tmp_path / "installed"
    for folder, names in ((built, ["helm"]), (installed, ["helm", "etcd"])):
        folder.mkdir()
        for name in names:
            (folder / name).touch(mode=0o755)
    monkeypatch.setattr(folders, "BINARIES", built)
    monkeypatch.setenv("PATH", str(installed))

    assert find_program("helm") == str(built / "helm")
    assert find_program("etcd") == str(installed / "etcd")
    with pytest.raises(MissingProgramError, match=f"versitygw is neither in {built}"):
        find_program("versitygw")
