"""The network against gradient boosting: `make bench-accuracy`.

The example `bikes` is trained by `trimtab run` with several seeds. The exported ONNX files decide
the first month that they would serve; so does HistGradientBoosting, trained on the rows that the
networks have learnt: all splits, as the example's recipe refits on them.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from demo.bikes import Month, month_after
from demo.comparison import balanced_accuracy, boosting_decisions
from support.bars import Bar, say, show
from support.datasets import bike_share
from support.examples import example_dataset
from support.local_run import LocalRun, run_example
from trimtab_stages.evaluate.scored import decide
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.split import Floats, SplitRows, read_manifest

NAME = "bikes"
SEEDS = range(5)
CLOSE_ENOUGH = 0.02


@dataclass(frozen=True)
class Match:
    """Balanced accuracy on the first served month.

    Attributes:
        network: of the run's exported model.
        boosting: of HistGradientBoosting on the rows that the network has learnt.
        hours: rows of the month.
    """

    network: float
    boosting: float
    hours: int


def main() -> int:
    """Print a line for each seed and the bar; returns 1 when it is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    seeds: list[int] = parser.parse_args().seeds
    raw = bike_share()
    with tempfile.TemporaryDirectory() as folder:
        matches = [play(raw, Path(folder), seed) for seed in seeds]
    reached = mean(match.network for match in matches)
    boosting = mean(match.boosting for match in matches)
    say(f"mean of {len(seeds)} seeds: {reached:.4f}, HistGradientBoosting: {boosting:.4f}")
    return show([Bar("mlp-boosting-gap", boosting - reached, CLOSE_ENOUGH)])


def play(raw: bytes, workdir: Path, seed: int) -> Match:
    """Train with a seed and compare on the first served month; the ingest is done once."""
    run = run_example(NAME, raw, workdir, "--seed", str(seed))
    manifest = read_manifest(run.store, run.spec)
    month = month_after(raw, example_dataset(NAME).spec.rules(), manifest)
    rival = boosting_decisions(run.store, manifest, run.commit, month.inputs)
    match = Match(
        network=balanced_accuracy(month.busy, decide(scores(run, month), run.threshold)),
        boosting=balanced_accuracy(month.busy, rival),
        hours=len(month.busy),
    )
    gates = run.told["outcome"]
    say(f"seed {seed}: {match.network:.4f} on {match.hours} hours, gates {gates}")
    return match


def scores(run: LocalRun, month: Month) -> Floats:
    """Return what the exported file gives for a month, [n]."""
    none = np.empty((len(month.busy), 0), dtype=np.object_)
    return Graph(run.onnx).scores(SplitRows(month.inputs, none, month.busy, month.time_ns))


if __name__ == "__main__":
    sys.exit(main())
