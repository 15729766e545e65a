"""Rollouts by paired evidence: `PYTHONPATH=tests python tests/bench/rollout_bench.py`.

A thousand simulated rollouts of each kind, with a look every 50 labelled rows up to 5,000, a margin
of 0.02 and a confidence of 0.95. A challenger that is worse by the margin must hardly ever be
promoted, one that is equal or better mostly. Champion and challenger differ on 5 to 10 % of the
rows.
"""

import os
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from support.paired_rollouts import Case, End, Policy, roll_out
from trimtab_stages.contract.gates import Metric

ROLLOUTS = 1000
CHUNK = 25
POLICY = Policy()


@dataclass(frozen=True)
class Bar:
    """One figure: how many rollouts of a case are promoted.

    Attributes:
        name: name of the bar.
        case: what is simulated.
        goal: largest share where the challenger is worse, else smallest.
    """

    name: str
    case: Case
    goal: float

    def holds(self, promoted: float) -> bool:
        """Whether a share of promoted rollouts meets the goal."""
        worse = self.case.difference <= -POLICY.margin
        return promoted <= self.goal if worse else promoted >= self.goal


BARS = (
    Bar("rollout-worse-10", Case(0.5, 0.10, -0.02), 0.05),
    Bar("rollout-worse-5", Case(0.5, 0.05, -0.02), 0.05),
    Bar("rollout-worse-10-third", Case(0.3, 0.10, -0.02), 0.05),
    Bar("rollout-worse-10-accuracy", Case(0.3, 0.10, -0.02, Metric.ACCURACY), 0.05),
    Bar("rollout-equal-10", Case(0.5, 0.10, 0.0), 0.80),
    Bar("rollout-equal-5", Case(0.5, 0.05, 0.0), 0.80),
    Bar("rollout-equal-10-third", Case(0.3, 0.10, 0.0), 0.80),
    Bar("rollout-equal-10-accuracy", Case(0.3, 0.10, 0.0, Metric.ACCURACY), 0.80),
    Bar("rollout-better-10", Case(0.5, 0.10, 0.02), 0.80),
)


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    missed = False
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for bar in BARS:
            chunks = pool.map(ends_of, [bar.case] * (ROLLOUTS // CHUNK), range(ROLLOUTS // CHUNK))
            ends = [end for chunk in chunks for end in chunk]
            promoted = sum(end is End.PROMOTED for end, _ in ends) / len(ends)
            back = sum(end is End.ROLLED_BACK for end, _ in ends) / len(ends)
            rows = statistics.median(rows for _, rows in ends)
            verdict = "ok" if bar.holds(promoted) else "short"
            missed |= not bar.holds(promoted)
            note = f"# {bar.name}: rolled back {back:.3f}, median rows {rows:.0f}\n"
            sys.stdout.write(f"bar {bar.name} {promoted:.3f} {bar.goal} {verdict}\n{note}")
            sys.stdout.flush()
    return int(missed)


def ends_of(case: Case, seed: int) -> list[tuple[End, int]]:
    """Return how some rollouts end."""
    random = np.random.default_rng(seed)
    return [roll_out(case, POLICY, random) for _ in range(CHUNK)]


if __name__ == "__main__":
    sys.exit(main())
