"""`trimtab validate`: what is refused, where, and with which hint."""

import json
from pathlib import Path

import pytest

from support.cli_objects import MANIFESTS, run_cli
from trimtab_operator.cli.checks import validate

EXAMPLES = Path(__file__).parents[3] / "charts" / "trimtab" / "examples"
RETRAINING = """\
---
apiVersion: trimtab.dev/v1alpha1
kind: DriftMonitor
metadata: {name: bikes}
spec:
  modelRef: {name: bikes}
  rules:
    - {name: worse, signal: quality, value: "0.05", outcome: Retrain}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "loop.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_good_manifests_have_no_findings(tmp_path: Path) -> None:
    checks = validate([written(tmp_path, MANIFESTS)])
    assert checks.findings == ()
    assert [type(item).__name__ for item in checks.objects()] == ["Dataset", "Pipeline", "Model"]


@pytest.mark.parametrize(
    ("before", "after", "field", "words"),
    [
        pytest.param("epochs: 5", "epoch: 5", "spec.training.epoch",
                     "unknown field; did you mean `epochs`?", id="unknown-field"),
        pytest.param("epochs: 5", "layers: 5", "spec.training.layers",
                     "unknown field; known are `batchSize`", id="unknown-field-far-off"),
        pytest.param("epochs: 5", "batch_size: 5", "spec.training.batch_size",
                     "did you mean `batchSize`?", id="snake-case"),
        pytest.param("      metric: Bal", "      metrc: Bal", "spec.gates[0].metrc",
                     "did you mean `metric`?", id="unknown-field-in-a-list"),
        pytest.param('min: "0.8"', "min: 0.8", "spec.gates[0].min",
                     "must be a decimal string such as '0.8', not a number", id="float"),
        pytest.param('min: "0.8"', 'min: "high"', "spec.gates[0].min",
                     "must be a decimal string such as '0.05'", id="no-decimal"),
        pytest.param("epochs: 5", 'epochs: "5"', "spec.training.epochs",
                     'must be a valid integer, found "5"', id="text-for-number"),
        pytest.param("epochs: 5", "epochs: 0", "spec.training.epochs",
                     "must be greater than or equal to 1, found 0", id="bound"),
        pytest.param("kind: Metric", "kind: Metrik", "spec.gates[0].kind",
                     "must be one of 'Metric'", id="enum"),
        pytest.param("      metric: BalancedAccuracy\n", "", "spec.gates[0]",
                     "`metric` must be set for kinds Metric", id="between-fields"),
        pytest.param("    uri: raw/bikes.csv\n", "    format: CSV\n", "spec.source.uri",
                     "must be set", id="missing"),
        pytest.param("uri: raw/bikes.csv", "uri: s3://other/bikes.csv", "spec.source.uri",
                     "relative to the namespace's bucket", id="operators-own-rule"),
        pytest.param("column: ts", "column: ts\n    timezone: Mars/Base", "spec.time.timezone",
                     "Mars/Base", id="operators-own-rule-on-zones"),
        pytest.param("uri: raw/bikes.csv", "uri: raw/b.csv\n    capture: {model: bikes, policy: "
                     "SlidingWindow}", "spec.source.capture", "`windowSeconds` must be set",
                     id="window-without-its-length"),
        pytest.param("kind: Pipeline", "kind: Pipelin", "kind",
                     "'Pipelin' is no kind; did you mean `Pipeline`?", id="kind"),
        pytest.param("kind: Pipeline", "spce: 1\nkind: Pipeline", "spce",
                     "unknown field; did you mean `spec`?", id="top-level"),
    ],
)  # fmt: skip
def test_faults_are_named_with_field_line_and_hint(
    tmp_path: Path, before: str, after: str, field: str, words: str
) -> None:
    text = MANIFESTS.replace(before, after, 1)
    assert text != MANIFESTS
    (fault,) = validate([written(tmp_path, text)]).errors
    assert fault.field == field
    assert words in fault.message
    stands_there = field.rpartition(".")[2].partition("[")[0]
    assert stands_there in text.splitlines()[fault.line - 1] or "must be set" in fault.message


def test_wrong_version_is_named(tmp_path: Path) -> None:
    text = MANIFESTS.replace("trimtab.dev/v1alpha1", "trimtab.dev/v1", 1)
    (fault,) = validate([written(tmp_path, text)]).errors
    assert fault.field == "apiVersion"
    assert "must be 'trimtab.dev/v1alpha1', found 'trimtab.dev/v1'" in fault.message


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = MANIFESTS.replace("epochs", "epoch").replace('"0.8"', "0.8").replace("uri:", "url:")
    faults = validate([written(tmp_path, text)]).errors
    assert {fault.field for fault in faults} == {
        "spec.source.uri",
        "spec.source.url",
        "spec.training.epoch",
        "spec.gates[0].min",
    }


def test_unanswered_references_are_warned_of(tmp_path: Path) -> None:
    text = MANIFESTS.replace("    name: bikes\n  training", "    name: cars\n  training")
    checks = validate([written(tmp_path, text)])
    (warning,) = checks.findings
    assert not checks.errors
    assert warning.severity == "warning"
    assert "Dataset 'cars' is not among these manifests" in warning.message
    assert warning.line == line_of(text, "name: cars")


def test_a_model_to_capture_from_is_warned_of_where_it_is_missing(tmp_path: Path) -> None:
    capture = "uri: raw/bikes.csv\n    capture: {model: cars, policy: SinceLastSnapshot}"
    text = MANIFESTS.replace("uri: raw/bikes.csv", capture, 1)
    checks = validate([written(tmp_path, text)])
    (warning,) = checks.findings
    assert (warning.severity, warning.field) == ("warning", "spec.source.capture.model")
    assert "Model 'cars' is not among these manifests" in warning.message
    assert warning.line == line_of(text, "model: cars")


def test_a_rule_that_retrains_for_faulty_data_is_warned_of(tmp_path: Path) -> None:
    text = MANIFESTS + RETRAINING
    checks = validate([written(tmp_path, text)])
    (warning,) = checks.findings
    assert not checks.errors
    assert (warning.severity, warning.field) == ("warning", "spec.rules[0]")
    assert "put a rule on signal `faults` with outcome HoldRetraining" in warning.message
    assert warning.line == line_of(text, "name: worse")


def test_the_same_object_twice_is_refused(tmp_path: Path) -> None:
    model = MANIFESTS.rpartition("---\n")[2]
    text = f"{MANIFESTS}---\n{model}"
    messages = [fault.message for fault in validate([written(tmp_path, text)]).errors]
    assert any("the same object stands at" in message for message in messages)


def test_a_second_model_of_a_pipeline_is_refused(tmp_path: Path) -> None:
    model = MANIFESTS.rpartition("---\n")[2].replace("  name: bikes\nspec", "  name: other\nspec")
    (fault,) = validate([written(tmp_path, f"{MANIFESTS}---\n{model}")]).errors
    assert fault.object == "Model/other"
    assert "Model 'bikes' already serves Pipeline 'bikes'" in fault.message


def test_other_groups_are_left_alone(tmp_path: Path) -> None:
    text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: wind}}\n---\n{MANIFESTS}"
    checks = validate([written(tmp_path, text)])
    assert [document.title for document in checks.skipped] == ["Namespace/wind"]
    assert not checks.findings


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_example_is_valid(name: str) -> None:
    assert validate([EXAMPLES / name]).errors == ()


def test_command_says_what_is_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, MANIFESTS)
    assert run_cli("validate", "-f", str(path)) == 0
    assert f"3 objects valid. Next: kubectl apply -f {path}" in capsys.readouterr().out


def test_command_refuses_with_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, MANIFESTS.replace("epochs", "epoch"))
    assert run_cli("validate", "-f", str(path)) == 1
    out = capsys.readouterr().out
    assert f"{path}:{line_of(path.read_text(), 'epoch:')} Pipeline/bikes" in out
    assert "✓ Pipeline/bikes" not in out
    assert "1 error in 3 objects" in out


def test_json_holds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, MANIFESTS.replace("uri: raw", "uri: /raw"))
    assert run_cli("validate", "-f", str(path), "-o", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert [item["valid"] for item in told["objects"]] == [False, True, True]
    assert told["findings"][0]["field"] == "spec.source.uri"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["validate"], 64),
        (["nonsense"], 64),
        (["validate", "-f", "/no/such"], 1),
        (["--help"], 0),
        (["--version"], 0),
    ],
    ids=["no-file", "no-command", "absent", "help", "version"],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(*arguments) == code
    captured = capsys.readouterr()
    assert captured.out or captured.err
