"""False alarms and speed: `PYTHONPATH=tests python tests/bench/null_streams_bench.py`.

200 streams of 100 windows in which nothing has changed: rows drawn with replacement from real ones,
and an autocorrelated stream. The rate is of windows in which any default rule holds: a drop of
quality, drifted inputs two windows in a row, or a data fault. Then the time of one evaluation of 50
features, processor time of one core.
"""

import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from support.null_streams import (
    Actions,
    act,
    autocorrelated_rows,
    autocorrelated_stream,
    champion_of,
    real_pool,
    resampled_stream,
)
from support.windows import Champion, inputs_of, reference_of, rows_of
from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.evaluate import evaluate

STREAMS, WINDOWS, ROWS = 200, 100, 1000
MEMORY = 0.8
MOST_ACTIONS = 0.01
MOST_MILLISECONDS = 20


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        real = sum(pool.map(real_stream, range(STREAMS)), Actions())
        alike = sum(pool.map(alike_stream, range(STREAMS // 10)), Actions())
    missed = False
    for name, total in (("null-retrain-rate", real), ("null-retrain-rate-autocorrelated", alike)):
        missed |= report(name, round(total.any / total.windows, 5), MOST_ACTIONS)
        sys.stdout.write(f"# {name}: {total}\n")
    missed |= report(
        "evaluate-milliseconds", round(evaluation_milliseconds(), 2), MOST_MILLISECONDS
    )
    return int(missed)


def report(name: str, value: float, goal: float) -> bool:
    """Print a bar; returns whether it is missed."""
    sys.stdout.write(f"bar {name} {value} {goal} {'ok' if value <= goal else 'short'}\n")
    sys.stdout.flush()
    return value > goal


def real_stream(seed: int) -> Actions:
    """Return what the default rules do on one stream of real rows."""
    pool = real_pool()
    return act(resampled_stream(pool, champion_of(pool), WINDOWS, ROWS, seed))


def alike_stream(seed: int) -> Actions:
    """Return what the default rules do on one autocorrelated stream."""
    champion = champion_of(autocorrelated_rows(20_000, MEMORY, np.random.default_rng(10**6)))
    return act(list(autocorrelated_stream(champion, WINDOWS, ROWS, MEMORY, seed)))


def evaluation_milliseconds() -> float:
    """Return the processor time of one evaluation: 45 numeric features, 5 of 20 categories."""
    random = np.random.default_rng(0)
    names = [f"x{column}" for column in range(45)]
    words = random.choice([f"c{index}" for index in range(20)], (10_000, 5)).astype(object)
    rows = rows_of(random.lognormal(0, 1, (10_000, 45)), names, words)
    champion = Champion(reference_of(rows), {Metric.BALANCED_ACCURACY: 0.5})
    inputs = inputs_of(rows.take(slice(0, 2000)), champion)
    taken = []
    for _ in range(100):
        start = time.thread_time()
        evaluate(inputs)
        taken.append(time.thread_time() - start)
    return statistics.median(taken) * 1000


if __name__ == "__main__":
    sys.exit(main())
