"""scikit-learn's gradient boosting, which networks are compared with."""

from typing import Any

from numpy.typing import ArrayLike
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits


def boosted(inputs: ArrayLike, truth: ArrayLike) -> Any:
    """Return a model of its defaults.

    One thread learns the same: several wait for each other by spinning, which costs a busy
    machine many times what they save.

    Args:
        inputs: one row per sample, [n, F].
        truth: classes, [n].
    """
    with threadpool_limits(1):
        return HistGradientBoostingClassifier(random_state=0).fit(inputs, truth)
