import json
from pathlib import Path

from support.training import make_place
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import Progress, StageName
from trimtab_stages.runtime.progress import ProgressLog, claim_attempt


def test_every_process_gets_a_number_of_its_own(tmp_path: Path) -> None:
    store = make_place(tmp_path).store
    assert [claim_attempt(store, "r", {"pid": pid}) for pid in (1, 2, 3)] == ["001", "002", "003"]
    assert claim_attempt(store, "other", {"pid": 1}) == "001"


def test_reports_of_two_processes_are_numbered_in_one_row(tmp_path: Path) -> None:
    store = make_place(tmp_path).store
    first, second = ProgressLog(store, "r", "001"), ProgressLog(store, "r", "001")
    for log, done in ((first, 1), (second, 2), (first, 3), (first, 4)):
        log.report(Progress(stage=StageName.TRAIN, done=done, of=4))
    keys = [layout.progress("r", "001", count) for count in (1, 2, 3, 4)]
    assert [entry.key for entry in store.list(layout.progress_prefix("r", "001"))] == keys
    assert [Progress.model_validate_json(store.get(key)).done for key in keys] == [1, 2, 3, 4]


def test_a_report_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    log = ProgressLog(place.store, "r", "001")
    (tmp_path / "store" / "runs").write_text("in the way")
    log.report(Progress(stage=StageName.TRAIN, done=1, of=1))
    log.write_metrics(StageName.TRAIN, 1, [{"epoch": 1}])
    assert (tmp_path / "store" / "runs").read_text() == "in the way"


def test_metric_lines_are_json_lines(tmp_path: Path) -> None:
    store = make_place(tmp_path).store
    ProgressLog(store, "r", "001").write_metrics(
        StageName.TRAIN, 2, [{"epoch": 1, "trainLoss": 0.5}, {"epoch": 2, "trainLoss": 0.25}]
    )
    lines = store.get(layout.metrics("r", "001", StageName.TRAIN, 2)).splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]
