"""Whatever the source holds: a typed failure, or a snapshot in which no row got lost."""

import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.ingesting import csv_text, ingest, iso, make_rules
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason

CELLS = st.sampled_from(
    [
        "1",
        "-2.5",
        "0",
        "1e300",
        "",
        "NA",
        "nan",
        "inf",
        "x",
        '"',
        "'",
        "a,b",
        "\u00e9",
        "\u0000",
        " 3 ",
    ]
)
STAMPS = st.one_of(
    st.integers(-5, 80).map(lambda minute: iso(minute * 60)),
    st.sampled_from(["", "now", "2020-02-30", "9999-12-31 00:00:00", "2020-01-01T00:10:00+14:00"]),
)
LINES = st.lists(st.tuples(STAMPS, CELLS, CELLS, CELLS), max_size=40)
GRID = {"intervalSeconds": 60, "toleranceSeconds": 10, "maxGapSeconds": 180}
RULES = make_rules(
    columns=[
        {"name": "x", "role": "Source", "range": {"min": "-100", "max": "100"}},
        {"name": "z"},
        {"name": "c", "type": "Category"},
    ],
    time={"column": "ts", "maxOutOfOrderFraction": "1"},
    lags=[{"column": "x", "steps": [1]}],
    maxQuarantinedFraction="1",
    target={
        "name": "y",
        "column": "x",
        "kind": "Above",
        "trainQuantile": "0.5",
        "minRate": "0",
        "maxRateChange": "1",
    },
)
ON_GRID = RULES.model_validate(RULES.to_wire() | {"time": RULES.time.to_wire() | {"grid": GRID}})


def assert_nothing_is_lost(text: str | bytes, rules: IngestRules) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = ingest(Path(folder), {"d.csv": text}, rules)
        except StageError as error:
            if error.reason is StageReason.INTERNAL_ERROR:
                raise
            return
        manifest = made.manifest
        assert manifest.rows_quarantined == len(made.quarantine())
        assert manifest.rows_kept == made.rows().num_rows
        parts = manifest.rows_kept, manifest.rows_quarantined, manifest.rows_filtered
        assert manifest.rows_in == sum(parts)


@settings(max_examples=25)
@given(lines=LINES, on_grid=st.booleans())
def test_any_cells(lines: list[tuple[str, ...]], on_grid: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    good = [f"{iso(minute * 60)},{(-1) ** minute},{minute},k" for minute in range(60)]
    text = csv_text("ts,x,z,c", [*good, *(",".join(line) for line in lines)])
    assert_nothing_is_lost(text, ON_GRID if on_grid else RULES)


@settings(max_examples=25)
@given(data=st.binary(max_size=300))
@example(data=b"ts,x,z,c\n")
@example(data=b"\x00")
@example(data=b'ts,x,z,c\n"unclosed,1,2,3\n')
@example(data=b"ts,x,z,c\r\r\r")
@example(data=b"ts,x,z,c\n" + b"," * 100_000)
def test_any_bytes(data: bytes) -> None:
    assert_nothing_is_lost(data, RULES)
    assert_nothing_is_lost(b"ts,x,z,c\n" + data, RULES)


WITHOUT_HEAVY_LIBRARIES = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

HEAVY = {"torch", "ray", "onnx", "onnxruntime", "pandas", "scipy", "sklearn"}


class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Absent())

from support.ingesting import csv_text, ingest, iso, make_rules

rows = [f"{iso(n)},{(-1) ** n}" for n in range(40)]
made = ingest(Path(sys.argv[1]), {"d.csv": csv_text("ts,x", rows)}, make_rules())
assert made.rows().num_rows == 39
"""


def test_the_image_needs_no_machine_learning_library(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_HEAVY_LIBRARIES, str(tmp_path)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
