"""How long the whole demo takes, and how long it may."""

import time
from collections.abc import Mapping

from localcluster import settings
from support.bars import Bar

BEGAN = "DEMO_BEGAN"
"""Names when `make demo` was started, seconds since 1970: before programs, cluster and images."""
COLD_MINUTES = 40


def began(environment: Mapping[str, str]) -> float:
    """Return when the demo began, seconds since 1970; now where make has not started it."""
    return float(environment.get(BEGAN) or time.time())


def minutes_bar(since: float, environment: Mapping[str, str], warm: float) -> Bar:
    """Return the minutes until now against what is allowed to a machine as it was found.

    Args:
        since: the beginning, seconds since 1970.
        environment: variables.
        warm: minutes allowed where all images were built; the cluster may have been down.
    """
    goal = COLD_MINUTES if _was_cold(since, environment) else warm
    return Bar("demo-minutes", (time.time() - since) / 60, goal)


def _was_cold(since: float, environment: Mapping[str, str]) -> bool:
    if environment.get("KUBE_CONTEXT"):
        # Images for another cluster are built and pushed every time.
        return True
    # The launcher records an image only when it has really built it.
    records = settings.from_environment(environment).state.glob("images/*.json")
    return any(record.stat().st_mtime >= since for record in records)
