"""Values some steps ago and slopes; neither reaches across a segment's border."""

import numpy as np

from trimtab_stages.ingest.frame import Numbers, Whole


def lag(values: Numbers, steps: int, segment: Whole) -> Numbers:
    """Return the value `steps` rows earlier in the same segment, NaN where there is none.

    Args:
        values: shape (rows,), in time order.
        steps: 0 or more.
        segment: shape (rows,), contiguous segment numbers.
    """
    result = np.full(len(values), np.nan)
    if steps < len(values):
        reachable = segment[steps:] == segment[: len(values) - steps]
        result[steps:] = np.where(reachable, values[: len(values) - steps], np.nan)
    return result


def slope(values: Numbers, steps: int, segment: Whole) -> Numbers:
    """Return (value now - value `steps` rows earlier) / steps, per step; `steps` is 1 or more."""
    return (values - lag(values, steps, segment)) / steps


def lag_name(column: str, steps: int) -> str:
    """Return the name of a lag feature."""
    return f"{column}_lag{steps}"


def slope_name(column: str, steps: int) -> str:
    """Return the name of a slope feature."""
    return f"{column}_slope{steps}"
