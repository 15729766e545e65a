"""Served answers against torch: `make bench-parity`.

The example `bikes` is trained by `trimtab run`; the model server, as a process of its own, serves
the exported file and is asked for 10,000 raw rows and more by the field's own client.
"""

import sys
import tempfile
from pathlib import Path

from support.bars import Bar, say, show
from support.datasets import bike_share
from support.local_run import LocalRun, run_example
from support.parity import LARGEST_ERROR, ServedParity, expected_scores, measure_served
from support.serving import ServingFolder, running_server

NAME = "bikes"


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    with tempfile.TemporaryDirectory() as folder:
        run = run_example(NAME, bike_share(), Path(folder) / "run")
        parity = measure(run, Path(folder))
    say(f"{parity.rows} raw rows, asked for as JSON and as binary tensors")
    return show(
        (
            Bar("served-parity-max-abs-error", parity.max_abs_error, LARGEST_ERROR),
            Bar("served-json-equals-binary", parity.json_equals_binary, 1, at_least=True),
        )
    )


def measure(run: LocalRun, folder: Path) -> ServedParity:
    """Serve a run's model and compare its answers."""
    expected = expected_scores(run.store, run.spec, run.commit, folder / "splits")
    serving = ServingFolder(folder / "serving")
    version = serving.add(run.onnx, threshold=run.threshold)
    plan = serving.write_plan([version])
    with running_server(serving) as server:
        server.wait_following(plan)
        return measure_served(f"127.0.0.1:{server.port}", plan.model, expected)


if __name__ == "__main__":
    sys.exit(main())
