"""Rollouts by paired evidence: `PYTHONPATH=tests python tests/bench/rollout_bench.py`.

A thousand simulated rollouts of worse and of equal challengers, 250 of each of four cases, go
through the operator's own policy with all defaults (margin 0.02, confidence 0.95, 200 to 5,000
labelled rows) and the monitor's paired statistic, with a look every 50 labelled rows. A challenger
that is worse by the margin must hardly ever be promoted, one that is equal mostly. Champion and
challenger differ on 5 to 10 % of the rows. Each bar is the worst of its cases.
"""

import os
import statistics
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from support.bars import Bar, say, show
from support.judged_rollouts import roll_out
from support.paired_rollouts import Case
from trimtab_operator.api.rollout import Rollout, RolloutState
from trimtab_stages.contract.gates import Metric

ROLLOUTS = 250
CHUNK = 25
MARGIN = float(Rollout().margin)
WORSE = {
    "half differ on 10 %": Case(0.5, 0.10, -MARGIN),
    "half differ on 5 %": Case(0.5, 0.05, -MARGIN),
    "third differ on 10 %": Case(0.3, 0.10, -MARGIN),
    "accuracy": Case(0.3, 0.10, -MARGIN, Metric.ACCURACY),
}
EQUAL = {
    "half differ on 10 %": Case(0.5, 0.10, 0.0),
    "half differ on 5 %": Case(0.5, 0.05, 0.0),
    "third differ on 10 %": Case(0.3, 0.10, 0.0),
    "accuracy": Case(0.3, 0.10, 0.0, Metric.ACCURACY),
}
BETTER = {"half differ on 10 %": Case(0.5, 0.10, MARGIN)}


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return show(bars(pool))


def bars(pool: ProcessPoolExecutor) -> Iterator[Bar]:
    """Yield each bar as soon as its rollouts have ended."""
    yield Bar("rollout-worse-promoted", max(promoted(pool, "worse", WORSE)), 0.05)
    equal = min(promoted(pool, "equal", EQUAL))
    yield Bar("rollout-equal-promoted", equal, 0.80, at_least=True)
    better = min(promoted(pool, "better", BETTER))
    yield Bar("rollout-better-promoted", better, 0.80, at_least=True)


def promoted(pool: ProcessPoolExecutor, kind: str, cases: Mapping[str, Case]) -> list[float]:
    """Return the share of promoted rollouts of each case."""
    shares = []
    for name, case in cases.items():
        chunks = pool.map(ends_of, [case] * (ROLLOUTS // CHUNK), range(ROLLOUTS // CHUNK))
        ends = [end for chunk in chunks for end in chunk]
        share = {state: sum(end is state for end, _ in ends) / len(ends) for state in RolloutState}
        rows = statistics.median(rows for _, rows in ends)
        told = ", ".join(f"{state} {value:.3f}" for state, value in share.items() if value)
        say(f"# {kind}, {name}: {told}, median rows {rows:.0f}")
        shares.append(share[RolloutState.PROMOTED])
    return shares


def ends_of(case: Case, seed: int) -> list[tuple[RolloutState, int]]:
    """Return how some rollouts end."""
    random = np.random.default_rng(seed)
    rules = Rollout(metric=case.metric)
    return [roll_out(case, rules, random) for _ in range(CHUNK)]


if __name__ == "__main__":
    sys.exit(main())
