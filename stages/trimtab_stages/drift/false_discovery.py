"""False-discovery control over features (Benjamini and Hochberg 1995)."""

import numpy as np
import numpy.typing as npt

from trimtab_stages.drift.merge import Floats


def benjamini_hochberg(p_values: Floats, rate: float) -> npt.NDArray[np.bool_]:
    """Return which differences are no chance.

    Of those, a share of at most `rate` is chance on average, whatever the number of features, where
    the tests are independent or positively dependent (Benjamini and Yekutieli 2001).

    Args:
        p_values: one per feature, [F].
        rate: false-discovery rate, 0..1.
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    passing = p_values[order] <= rate * np.arange(1, count + 1) / max(count, 1)
    rejected = np.zeros(count, dtype=np.bool_)
    if passing.any():
        rejected[order[: int(np.flatnonzero(passing)[-1]) + 1]] = True
    return rejected
