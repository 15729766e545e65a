"""Whether an alert of a DriftMonitor's rule fired before each promotion that a verdict led to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.prometheus import Watching
from demo.story import Story
from support.bars import Bar
from support.kubectl import Kubectl
from support.prometheus_server import Firing

Body = dict[str, Any]

RULE_ALERTS = frozenset(
    {"TrimtabModelQualityDropped", "TrimtabInputDrift", "TrimtabPredictionDrift"}
)
"""What says that a rule of a DriftMonitor holds."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that became champion; times are seconds since 1970.

    Attributes:
        run: PipelineRun that made it.
        decided: when a verdict started that; None where none did.
        promoted: when it became champion.
    """

    run: str
    decided: float | None
    promoted: float


def tell_promotions(story: Story, kubectl: Kubectl, name: str, watched: Watching) -> None:
    """Tell which alert fired before each promotion; a figure is owed for those of verdicts."""
    monitor = kubectl.get(f"driftmonitor/{name}").get("status", {})
    found = promotions_of(kubectl.get(f"model/{name}").get("status", {}), monitor)
    fired = of_rules(watched.alerts(), name)
    for one in found:
        story.fact(f"promotion of {one.run}", complaint(one, fired))
    by_verdict = [one for one in found if one.decided is not None]
    bar = lead_bar(by_verdict, fired, len(watched.promoted()) - len(found))
    story.bar_of_retraining(bar, happened=bool(by_verdict))


def promotions_of(model: Body, monitor: Body) -> list[Promotion]:
    """Return the promotions after the first version's, oldest first.

    Args:
        model: status of the Model.
        monitor: status of its DriftMonitor.
    """
    times = {
        item["run"]: _time(item["time"]) for item in monitor.get("retrains", []) if "run" in item
    }
    champion = [model["champion"]] if "champion" in model else []
    versions = sorted([*model.get("history", []), *champion], key=lambda item: _time(item["since"]))
    return [
        Promotion(str(item.get("run")), times.get(item.get("run")), _time(item["since"]))
        for item in versions[1:]
    ]


def of_rules(fired: Sequence[Firing], monitor: str) -> list[Firing]:
    """Return the alerts that say that a rule of a DriftMonitor holds."""
    own = (one for one in fired if one.labels.get("monitor") == monitor)
    return [one for one in own if one.alert in RULE_ALERTS]


def first_alert(promotion: Promotion, fired: Sequence[Firing]) -> Firing | None:
    """Return the first alert that was seen from the verdict on, and had begun by the promotion."""
    since = promotion.decided
    seen = (one for one in fired if since is not None and one.until >= since)
    return next((one for one in seen if one.since < promotion.promoted), None)


def complaint(promotion: Promotion, fired: Sequence[Firing]) -> str:
    """Return in words which alert fired before a promotion."""
    if promotion.decided is None:
        return "no verdict led to it"
    one = first_alert(promotion, fired)
    if one is None:
        return "no alert of a rule fired between verdict and promotion"
    lead = promotion.promoted - one.since
    return f"{one.alert} (rule {one.labels.get('rule')}) fired {lead:.0f} s before"


def lead_bar(promotions: Sequence[Promotion], fired: Sequence[Firing], unknown: int) -> Bar:
    """Return how long before a promotion an alert fired, where that was shortest.

    Args:
        promotions: those that verdicts led to.
        fired: alerts that rules hold, in order of their beginning.
        unknown: promotions that were counted and that the Model does not keep.
    """
    name, goal = "alert-before-promotion-seconds", 0
    found = [(one, first_alert(one, fired)) for one in promotions]
    silent = [one.run for one, alert in found if alert is None]
    if unknown > 0:
        why = f"{unknown} promotions were counted that the Model does not keep"
    elif silent:
        why = f"no alert of a rule fired before the promotion of {', '.join(silent)}"
    elif not promotions:
        why = "no verdict led to a promotion"
    else:
        leads = (one.promoted - alert.since for one, alert in found if alert is not None)
        return Bar(name, min(leads), goal, at_least=True)
    return Bar.unmeasured(name, goal, why, at_least=True)


def _time(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
