"""`trimtab drift replay`: the monitor's reports computed again, from a real directory."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli_objects import run_cli
from support.traffic import MODEL, ServerPod, instant, normal_rows, trained
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.targets import Target, TrainedVersion
from trimtab_operator.monitor.watch import Watch
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import canonical_json
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.store import LocalStore

T0 = 1_700_000_400.0
NOW = T0 + 10_000_000
POLICY = {"window": {"seconds": 600, "minSamples": 50, "minLabels": 50}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket with two windows and their reports."""
    folder = tmp_path_factory.mktemp("served") / "bucket"
    folder.mkdir()
    store = LocalStore(folder)
    with trained(store, folder.parent, "run-1") as version:
        pod = ServerPod(store)
        for number in range(30):
            rows = normal_rows(30, seed=number, shift=0.4)
            name, event = f"r{number}", T0 + 60 * number
            decided = pod.answer(version, name, rows, event=event, received=NOW + number)
            labels = ["busy" if one else "calm" for one in decided]
            pod.label(name, labels, received=NOW + number + 0.5)
            pod.flush()
        target = Target(
            namespace="demo",
            name="watch",
            uid="u",
            model=MODEL,
            policy=MonitorSpec.model_validate(POLICY),
            versions=(TrainedVersion(version.digest, version.run, instant(NOW)),),
            flush_seconds=1,
            evaluated_through=None,
            signals=(),
            evaluations=(),
        )
        watch = Watch(target, ObjectCache())
        progress = watch.look(store, target, instant(NOW + 999), everything=True)
        assert len(progress.reports) == 2
    return folder


@pytest.fixture
def bucket(served: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(served, tmp_path / "bucket")


def replay(bucket: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], str]:
    code = run_cli("drift", "replay", "watch", "--bucket", str(bucket), "-o", "json")
    shown = capsys.readouterr()
    found = json.loads(shown.out) if shown.out else []
    said = " ".join([*(one["message"] for one in found), shown.err])
    return code, [one["outcome"] for one in found], said


def first(bucket: Path, pattern: str) -> Path:
    return min(bucket.glob(pattern))


def find_reports(bucket: Path) -> list[Path]:
    keys = [path.relative_to(bucket).as_posix() for path in bucket.glob("monitoring/*/*/*.json")]
    return [bucket / key for key in keys if layout.is_evaluation(key)]


def nothing(_: Path) -> None:
    """Leave everything as it was written."""


def edit_report(bucket: Path) -> None:
    path = first(bucket, "monitoring/watch/*/*.json")
    report = json.loads(path.read_bytes())
    report["signals"][1]["value"] = 0.0
    path.write_text(json.dumps(report))


def edit_pane(bucket: Path) -> None:
    path = first(bucket, "serving/*/panes/*/*/*.json")
    path.write_bytes(path.read_bytes().replace(b'"rows":30', b'"rows":29'))


def remove_panes(bucket: Path) -> None:
    for path in bucket.glob("serving/*/panes/*/*/*.json"):
        path.unlink()


def remove_all_of_panes(bucket: Path) -> None:
    remove_panes(bucket)
    for path in bucket.glob("monitoring/watch/panes/*.json"):
        path.unlink()


def edit_what_is_left_of_panes(bucket: Path) -> None:
    remove_panes(bucket)
    for path in bucket.glob("monitoring/watch/panes/*.json"):
        path.write_bytes(path.read_bytes().replace(b'"rows":30', b'"rows":29'))


def forget_merged_panes(bucket: Path) -> None:
    """Make the last report one of those before panes were merged."""
    path = max(find_reports(bucket))
    report = json.loads(path.read_bytes())
    del report["compacted"]
    path.write_bytes(canonical_json(report))


def edit_quality(bucket: Path) -> None:
    path = first(bucket, "monitoring/watch/*/*.json")
    report = json.loads(path.read_bytes())
    report["qualities"][0]["value"] = 0.5
    path.write_bytes(canonical_json(report))


def remove_first_report(bucket: Path) -> None:
    first(bucket, "monitoring/watch/*/*.json").unlink()


def remove_block(bucket: Path) -> None:
    first(bucket, "serving/*/decisions/*/*.bin").unlink()


def remove_commit(bucket: Path) -> None:
    first(bucket, "runs/*/commit.json").unlink()


@pytest.mark.parametrize(
    ("change", "code", "outcomes", "said"),
    [
        pytest.param(nothing, 0, ["Same", "Same"], "", id="untouched"),
        pytest.param(edit_report, 1, ["Different", "Different"], "signals", id="edited report"),
        pytest.param(
            edit_quality,
            1,
            ["Different", "Different"],
            "in qualities",
            id="edited quality",
        ),
        pytest.param(
            remove_first_report, 1, ["Incomplete"], "monitoring/watch/", id="missing first window"
        ),
        pytest.param(edit_pane, 1, ["Different", "Same"], "rows", id="edited pane"),
        pytest.param(forget_merged_panes, 0, ["Same", "Same"], "", id="report of old"),
        pytest.param(remove_panes, 0, ["Same", "Same"], "", id="merged panes are left"),
        pytest.param(
            remove_all_of_panes, 1, ["Incomplete", "Incomplete"], "panes/", id="no pane is left"
        ),
        pytest.param(
            edit_what_is_left_of_panes,
            1,
            ["Different", "Different"],
            "is not the object",
            id="edited merged panes",
        ),
        pytest.param(remove_block, 1, ["Incomplete", "Same"], "decisions/", id="missing records"),
        pytest.param(remove_commit, 1, ["Incomplete", "Incomplete"], "commit", id="missing commit"),
    ],
)
def test_replayed_reports_are_compared(
    bucket: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Path], None],
    code: int,
    outcomes: list[str],
    said: str,
) -> None:
    change(bucket)
    found = replay(bucket, capsys)
    assert found[:2] == (code, outcomes)
    assert said in found[2]


def test_a_monitor_without_reports_is_said(
    bucket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli("drift", "replay", "other", "--bucket", str(bucket)) == 1
    assert "holds no report" in capsys.readouterr().err


def test_the_newest_reports_are_shown_for_people(
    bucket: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli("drift", "replay", "watch", "--bucket", str(bucket), "--last", "1") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "same" in line
    assert "2023-11-14 22:30:00Z to 2023-11-14 22:40:00Z 300 rows, 300 labels" in line
