"""Rollouts by paired evidence: `PYTHONPATH=tests python tests/bench/rollout_bench.py`.

A thousand simulated rollouts of each kind, with a look every 50 labelled rows up to 5,000, a margin
of 0.02 and a confidence of 0.95. A challenger that is worse by the margin must hardly ever be
promoted, one that is equal or better mostly. Champion and challenger differ on 5 to 10 % of the
rows.
"""

import os
import statistics
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from support.bars import Bar, say, show
from support.paired_rollouts import Case, End, Policy, roll_out
from trimtab_stages.contract.gates import Metric

ROLLOUTS = 1000
CHUNK = 25
POLICY = Policy()
MOST_WORSE, LEAST_EQUAL = 0.05, 0.80

CASES = {
    "rollout-worse-10": Case(0.5, 0.10, -0.02),
    "rollout-worse-5": Case(0.5, 0.05, -0.02),
    "rollout-worse-10-third": Case(0.3, 0.10, -0.02),
    "rollout-worse-10-accuracy": Case(0.3, 0.10, -0.02, Metric.ACCURACY),
    "rollout-equal-10": Case(0.5, 0.10, 0.0),
    "rollout-equal-5": Case(0.5, 0.05, 0.0),
    "rollout-equal-10-third": Case(0.3, 0.10, 0.0),
    "rollout-equal-10-accuracy": Case(0.3, 0.10, 0.0, Metric.ACCURACY),
    "rollout-better-10": Case(0.5, 0.10, 0.02),
}
"""Share of positives, share of rows on which one is right, and difference, by name of the bar."""


def measure() -> Iterator[Bar]:
    """Yield the share of promoted rollouts of each case."""
    chunks = ROLLOUTS // CHUNK
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, case in CASES.items():
            found = pool.map(ends_of, [case] * chunks, range(chunks))
            ends = [end for chunk in found for end in chunk]
            shares = {end: sum(one is end for one, _ in ends) / len(ends) for end in End}
            rows = statistics.median(rows for _, rows in ends)
            say(f"# {name}: rolled back {shares[End.ROLLED_BACK]:.3f}, median rows {rows:.0f}")
            worse = case.difference <= -POLICY.margin
            goal = MOST_WORSE if worse else LEAST_EQUAL
            yield Bar(name, shares[End.PROMOTED], goal, at_least=not worse)


def ends_of(case: Case, seed: int) -> list[tuple[End, int]]:
    """Return how some rollouts end."""
    random = np.random.default_rng(seed)
    return [roll_out(case, POLICY, random) for _ in range(CHUNK)]


if __name__ == "__main__":
    sys.exit(show(measure()))
