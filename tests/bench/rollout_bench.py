"""Rollouts by paired evidence: `make bench-rollout`.

Simulated rollouts of worse, equal and better challengers, 250 of each case, go through the
operator's own policy and the monitor's paired statistic, with a look every 50 labelled rows. A
challenger that is worse by the margin must hardly ever be promoted, one that is equal mostly.
Champion and challenger differ on 5 to 10 % of the rows. Each bar is the worst of its cases.

The bars are of all defaults (margin 0.02, confidence 0.95, 200 to 5,000 labelled rows). What the
rules of the example `bikes` do, which has a row an hour (96 to 720 of them), is told beside them.
"""

import os
import statistics
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from support.bars import Bar, say, show
from support.examples import example_model
from support.judged_rollouts import roll_out
from support.paired_rollouts import Case
from trimtab_operator.api.rollout import Rollout, RolloutState
from trimtab_stages.contract.gates import Metric

ROLLOUTS = 250
CHUNK = 25
CASES = {
    "half differ on 10 %": Case(0.5, 0.10, 0.0),
    "half differ on 5 %": Case(0.5, 0.05, 0.0),
    "third differ on 10 %": Case(0.3, 0.10, 0.0),
    "accuracy": Case(0.3, 0.10, 0.0, Metric.ACCURACY),
}
"""Challengers that are equal to the champion."""
BETTER = ("half differ on 10 %",)


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        code = show(bars(pool, Rollout()))
        tell_example(pool, example_rules())
    return code


def example_rules() -> Rollout:
    """Return the rules of the example `bikes`."""
    rules = example_model("bikes").spec.rollout
    if rules is None:
        raise ValueError("the Model of the example `bikes` has no `spec.rollout`")
    return rules


def bars(pool: ProcessPoolExecutor, rules: Rollout) -> Iterator[Bar]:
    """Yield each bar as soon as its rollouts have ended."""
    margin = float(rules.margin)
    worse = max(promoted(pool, rules, "worse", -margin))
    yield Bar("rollout-worse-promoted", worse, 0.05)
    equal = min(promoted(pool, rules, "equal", 0.0))
    yield Bar("rollout-equal-promoted", equal, 0.80, at_least=True)
    better = min(promoted(pool, rules, "better", margin, BETTER))
    yield Bar("rollout-better-promoted", better, 0.80, at_least=True)


def tell_example(pool: ProcessPoolExecutor, rules: Rollout) -> None:
    """Tell how rollouts by the example's rules end: 720 rows tell no difference of two points."""
    margin = float(rules.margin)
    for kind, difference in (("worse", -margin), ("equal", 0.0), ("better", margin)):
        promoted(pool, rules, f"example, {kind}", difference, BETTER)


def promoted(
    pool: ProcessPoolExecutor,
    rules: Rollout,
    kind: str,
    difference: float,
    names: Iterable[str] = tuple(CASES),
) -> list[float]:
    """Return the share of promoted rollouts of each case, with challengers that much better."""
    shares = []
    for name in names:
        case = replace(CASES[name], difference=difference)
        chunks = pool.map(partial(ends_of, case, rules), range(ROLLOUTS // CHUNK))
        ends = [end for chunk in chunks for end in chunk]
        share = {state: sum(end is state for end, _ in ends) / len(ends) for state in RolloutState}
        rows = statistics.median(rows for _, rows in ends)
        told = ", ".join(f"{state} {value:.3f}" for state, value in share.items() if value)
        say(f"# {kind}, {name}: {told}, median rows {rows:.0f}")
        shares.append(share[RolloutState.PROMOTED])
    return shares


def ends_of(case: Case, rules: Rollout, seed: int) -> list[tuple[RolloutState, int]]:
    """Return how some rollouts end."""
    random = np.random.default_rng(seed)
    compared = rules.model_copy(update={"metric": case.metric})
    return [roll_out(case, compared, random) for _ in range(CHUNK)]


if __name__ == "__main__":
    sys.exit(main())
