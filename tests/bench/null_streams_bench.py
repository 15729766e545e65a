"""False alarms and speed: `make bench-drift`.

200 streams of 100 windows in which nothing has changed: rows drawn with replacement from real ones,
with many and with few of them in a window, and 20 autocorrelated streams. Each stream has a test
split of its own, drawn as its windows are and hardly larger than one: in production too what
training promises is an estimate. The rate is of windows that any default rule decides: a drop of
quality, drifted inputs two windows in a row, or a data fault. Then the processor time of one
evaluation of 50 features.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from support.bars import Bar, say, show
from support.null_streams import (
    Actions,
    act,
    autocorrelated_rows,
    autocorrelated_stream,
    real_pool,
    resampled_stream,
)
from support.windows import Champion, inputs_of, reference_of, rows_of
from trimtab_stages.drift.evaluate import evaluate

STREAMS, WINDOWS, ROWS, FEW_ROWS = 200, 100, 1000, 250
MEMORY = 0.8
MOST_ACTIONS = 0.01
MOST_MILLISECONDS = 20


def measure() -> Iterator[Bar]:
    """Yield the rates of false alarms and the time of an evaluation."""
    yield Bar("evaluate-milliseconds", evaluation_milliseconds(), MOST_MILLISECONDS)
    yield rate("null-retrain-rate", partial(real_stream, ROWS), STREAMS)
    yield rate("null-retrain-rate-few-rows", partial(real_stream, FEW_ROWS), STREAMS)
    yield rate("null-retrain-rate-autocorrelated", autocorrelated, STREAMS // 10)


def rate(name: str, stream: Callable[[int], Actions], streams: int) -> Bar:
    """Return the share of windows that a default rule decides."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        total = sum(pool.map(stream, range(streams)), Actions())
    say(f"# {name}: {total}")
    return Bar(name, total.any / total.windows, MOST_ACTIONS)


def real_stream(rows: int, seed: int) -> Actions:
    """Return what the default rules do on one stream of real rows, so many in a window."""
    return act(resampled_stream(real_pool(), WINDOWS, rows, seed))


def autocorrelated(seed: int) -> Actions:
    """Return what the default rules do on one autocorrelated stream."""
    learnt = autocorrelated_rows(20_000, MEMORY, np.random.default_rng(10**6))
    return act(autocorrelated_stream(learnt, WINDOWS, ROWS, MEMORY, seed))


def evaluation_milliseconds() -> float:
    """Return the processor time of one evaluation: 45 numeric features, 5 of 20 categories."""
    random = np.random.default_rng(0)
    names = [f"x{column}" for column in range(45)]
    words = random.choice([f"c{index}" for index in range(20)], (10_000, 5)).astype(object)
    rows = rows_of(random.lognormal(0, 1, (10_000, 45)), names, words)
    champion = Champion(reference_of(rows), np.full((2, 2), 500))
    inputs = inputs_of(rows.take(slice(0, 2000)), champion)
    taken = []
    for _ in range(100):
        start = time.thread_time()
        evaluate(inputs)
        taken.append(time.thread_time() - start)
    return statistics.median(taken) * 1000


if __name__ == "__main__":
    sys.exit(show(measure()))
