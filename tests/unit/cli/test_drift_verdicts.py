"""`trimtab drift replay` with rules: decisions made again and compared, from real directories."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.cli_objects import run_cli
from support.decided_windows import AUDIT, decided_windows, drifting_windows
from support.decisions import REPORT, rule, scene
from support.worlds import model, pipeline
from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import EvaluatedWindow
from trimtab_operator.domain.suggestion import accept_suggestion
from trimtab_operator.manifests import labels

MOVED = rule(name="moved", signal="inputs", value="0.25")
RETRAIN = {"rules": [MOVED]}
ALERT = {"rules": [MOVED | {"forWindows": 2, "outcome": "Alert"}]}
CALM = {"rules": [MOVED | {"value": "0.9"}]}
AS_RECORDED = "Suppress, InFlight by rule `moved`; the guard is as recorded"


class Bucket(NamedTuple):
    folder: Path
    windows: list[EvaluatedWindow]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    """The reports of three windows; no test writes into it."""
    folder = tmp_path_factory.mktemp("served") / "bucket"
    folder.mkdir()
    return Bucket(folder, drifting_windows(folder, 3))


def body(item: Any, **parts: Any) -> dict[str, Any]:
    known = {"metadata": item.metadata.to_wire(), "spec": item.spec.to_wire()}
    return {"apiVersion": API_VERSION, "kind": type(item).__name__} | known | parts


def changed(subject: DriftMonitor, **parts: dict[str, Any]) -> DriftMonitor:
    """Return an object with other fields in its metadata, spec or status."""
    known = body(subject, status=subject.status.to_wire())
    return DriftMonitor.model_validate({key: known[key] | parts.get(key, {}) for key in PARTS})


PARTS = ("metadata", "spec", "status")


def as_it_is(subject: DriftMonitor) -> DriftMonitor:
    return subject


def passed(subject: DriftMonitor) -> DriftMonitor:
    """Let the pending retrain end well."""
    retrains = [item.to_wire() | {"state": "Passed"} for item in subject.status.retrains]
    return changed(subject, status={"retrains": retrains, "pending": None})


def accepted(subject: DriftMonitor) -> DriftMonitor:
    suggestion = subject.status.suggestion
    assert suggestion is not None
    annotations = {labels.ACCEPT: suggestion.trigger_id}
    told = changed(subject, metadata={"annotations": annotations})
    return told.model_copy(update={"status": accept_suggestion(scene(told)).status})


def suspended(subject: DriftMonitor) -> DriftMonitor:
    return changed(subject, spec={"suspend": True})


def calmed(subject: DriftMonitor) -> DriftMonitor:
    return changed(subject, spec=CALM, metadata={"generation": 2})


def elsewhere(subject: DriftMonitor) -> DriftMonitor:
    return changed(subject, metadata={"namespace": "other"})


def misremembered(subject: DriftMonitor) -> DriftMonitor:
    """Let the status say that the second window was retrained for."""
    decisions = [item.to_wire() for item in subject.status.decisions]
    decisions[1] |= {"outcome": "Retrain", "reason": "RuleHolds"}
    return changed(subject, status={"decisions": decisions})


def objects(subject: DriftMonitor, folder: Path) -> list[str]:
    """Give the command what `kubectl get trimtab -o json` tells."""
    items = [body(subject, status=subject.status.to_wire()), body(model()), body(pipeline())]
    (folder / "objects.json").write_text(json.dumps({"items": items}))
    return ["--objects", str(folder / "objects.json")]


def alone(subject: DriftMonitor, folder: Path) -> list[str]:
    """Give the command what `kubectl get driftmonitor bikes -o json` tells."""
    told = body(subject, status=subject.status.to_wire())
    (folder / "alone.json").write_text(json.dumps(told))
    return ["--objects", str(folder / "alone.json")]


def log(_: DriftMonitor, folder: Path) -> list[str]:
    return ["--audit", str(folder / AUDIT)]


def both(subject: DriftMonitor, folder: Path) -> list[str]:
    return objects(subject, folder) + log(subject, folder)


def manifest(subject: DriftMonitor, folder: Path) -> list[str]:
    """Give the command a manifest and the audit log."""
    told = body(subject, metadata={"name": "bikes"})
    (folder / "monitor.json").write_text(json.dumps(told))
    return ["-f", str(folder / "monitor.json"), *log(subject, folder)]


def without_records(subject: DriftMonitor, folder: Path) -> list[str]:
    """Give the command an audit log that says nothing."""
    shutil.rmtree(folder / AUDIT / "chain")
    return both(subject, folder)


def other_rules(_: DriftMonitor, folder: Path) -> list[str]:
    return manifest(decided_windows([], folder, **CALM), folder)


def replay(capsys: pytest.CaptureFixture[str], folder: Path, *more: str) -> list[dict[str, Any]]:
    code = run_cli("drift", "replay", "bikes", "--bucket", str(folder), "-o", "json", *more)
    shown = capsys.readouterr()
    found = [one | one["verdict"] for one in json.loads(shown.out)]
    differing = {"Different"} & {one["outcome"] for one in found}
    assert code == int(bool(differing)), shown.err
    return found


Change = Callable[[DriftMonitor], DriftMonitor]
Given = Callable[[DriftMonitor, Path], list[str]]


@pytest.mark.parametrize(
    ("spec", "changes", "given", "expected"),
    [
        pytest.param(
            ALERT,
            [],
            both,
            ["Same Wait, NotSustained", "Same Alert, RuleHolds by rule `moved`", "Same Alert"],
            id="an alert",
        ),
        pytest.param(
            ALERT,
            [],
            manifest,
            ["Same Wait, NotSustained", "Same Alert", "Same Alert"],
            id="an alert, by the audit log alone",
        ),
        pytest.param(
            RETRAIN,
            [],
            both,
            ["Same Retrain", f"Same {AS_RECORDED}", f"Same {AS_RECORDED}"],
            id="a retrain is in flight",
        ),
        pytest.param(
            RETRAIN,
            [passed, as_it_is],
            objects,
            ["Same Retrain", "Same Suppress, Cooldown by rule `moved`", "Same Retrain"],
            id="the cooldown is replayed",
        ),
        pytest.param(
            RETRAIN,
            [passed, as_it_is],
            manifest,
            ["Same Retrain", "Same Suppress, Cooldown by rule `moved`; the guard", "Same Retrain"],
            id="the cooldown is as the audit log has it",
        ),
        pytest.param(
            RETRAIN | {"mode": "Observe"},
            [],
            both,
            ["Same Suppress, Observing"] * 3,
            id="mode Observe",
        ),
        pytest.param(
            RETRAIN | {"mode": "Suggest"},
            [accepted],
            both,
            ["Same Suggest, RuleHolds", "Same Suppress, InFlight", "Same Suppress, InFlight"],
            id="a person accepts",
        ),
        pytest.param(
            RETRAIN,
            [suspended],
            both,
            ["Same Retrain", *["NotCompared Suspended in the status"] * 2],
            id="suspended",
        ),
        pytest.param(
            ALERT,
            [as_it_is, as_it_is, calmed],
            both,
            [
                "NotCompared the status differs in reason (NotSustained, now NoRuleHolds); that",
                *["NotCompared the status differs in outcome (Alert, now Wait)"] * 2,
            ],
            id="the rules have changed since",
        ),
        pytest.param(
            ALERT,
            [as_it_is, as_it_is, calmed],
            alone,
            ["Different the status", "Different the status", "Different the status"],
            id="whose rules changed cannot be told without the Pipeline",
        ),
        pytest.param(
            ALERT,
            [],
            other_rules,
            [
                "Different the audit log differs in reason (NotSustained, now NoRuleHolds)",
                "Different the audit log differs in outcome (Alert, now Wait), reason (RuleHolds",
                "Different the audit log",
            ],
            id="what other rules would have done",
        ),
        pytest.param(
            RETRAIN,
            [passed, misremembered],
            objects,
            [
                "Same Retrain",
                "Different the status differs in outcome (Retrain, now Suppress), reason (RuleHo",
                "Same Retrain",
            ],
            id="the record is another one",
        ),
        pytest.param(
            ALERT,
            [],
            without_records,
            ["Different the audit log has no record of it"] * 3,
            id="records are missing",
        ),
    ],
)
def test_decisions_are_made_again_and_compared(
    bucket: Bucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spec: dict[str, Any],
    changes: list[Change],
    given: Given,
    expected: list[str],
) -> None:
    subject = decided_windows(bucket.windows, tmp_path, *changes, **spec)
    found = replay(capsys, bucket.folder, *given(subject, tmp_path))
    told = [f"{one['outcome']} {one['message']}" for one in found]
    assert [line[: len(start)] for line, start in zip(told, expected, strict=True)] == expected


def test_records_of_an_earlier_monitor_of_that_name_are_not_its_own(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = [window.model_copy(update={"report": REPORT}) for window in bucket.windows]
    decided_windows(other, tmp_path, uid="earlier", **ALERT)
    subject = decided_windows(bucket.windows, tmp_path, **ALERT)
    found = replay(capsys, bucket.folder, *both(subject, tmp_path))
    assert [one["outcome"] for one in found] == ["Same"] * 3


def test_windows_before_the_newest_count(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = decided_windows(bucket.windows, tmp_path, **ALERT)
    (found,) = replay(capsys, bucket.folder, "--last", "1", *manifest(subject, tmp_path))
    assert found["message"] == "Alert, RuleHolds by rule `moved`"


def remove_records(folder: Path) -> None:
    min(folder.glob("serving/*/decisions/*/*.bin")).unlink()


def replace_report(folder: Path) -> None:
    path = min(folder.glob("monitoring/bikes/*/*.json"), key=lambda path: path.name)
    path.write_bytes(path.read_bytes().replace(b'"labels":300', b'"labels":299'))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        pytest.param(
            remove_records, "! NotCompared: its report cannot be computed again", id="gone"
        ),
        pytest.param(
            replace_report, "\u2717 Different: the audit log differs in report (", id="replaced"
        ),
    ],
)
def test_a_report_that_was_touched_gives_no_verdict(
    bucket: Bucket,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], None],
    line: str,
) -> None:
    subject = decided_windows(bucket.windows, tmp_path, calmed, **RETRAIN | {"mode": "Suggest"})
    folder = shutil.copytree(bucket.folder, tmp_path / "copy")
    spoil(folder)
    arguments = ("--bucket", str(folder), *both(subject, tmp_path))
    assert run_cli("drift", "replay", "bikes", *arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(f"  verdict {line}")
    assert lines[3].startswith("  verdict \u2713 same: Wait, NoRuleHolds")


def test_a_name_in_two_namespaces_is_not_guessed(
    bucket: Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = decided_windows(bucket.windows, tmp_path, elsewhere, **RETRAIN)
    given = manifest(subject, tmp_path)
    assert run_cli("drift", "replay", "bikes", "--bucket", str(bucket.folder), *given) == 1
    assert "'bikes' of demo, other stand in the audit log" in capsys.readouterr().err
    found = replay(capsys, bucket.folder, *given, "-n", "demo")
    # The others' records are of the other namespace: these may not be decided yet.
    assert [one["outcome"] for one in found] == ["Same", "NotCompared", "NotCompared"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["--audit", "x"], 64, "--audit needs the rules", id="a log without rules"),
        pytest.param(["-f", "x"], 64, "records no decision", id="rules without a record"),
        pytest.param(["-f", "x", "--live"], 64, "use one of", id="two sources of rules"),
        pytest.param(
            ["--objects", "none.json"], 1, "there are 0 DriftMonitors 'bikes'", id="no such object"
        ),
    ],
)
def test_what_is_missing_is_said(
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.json").write_text('{"items": []}')
    assert run_cli("drift", "replay", "bikes", "--bucket", str(bucket.folder), *arguments) == code
    assert words in capsys.readouterr().err
