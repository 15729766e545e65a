"""Whether the alert of the rule that asked for a retrain fired before what it made was promoted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from demo.loop import Hop
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
        rule: rule of the DriftMonitor that asked for that; empty where none did.
        since: when the verdict was given, and the version before it served; from then on an alert
            is one of this promotion, not of an earlier one.
        promoted: when it became champion.
    """

    run: str
    rule: str
    since: float
    promoted: float


def tell_promotions(
    story: Story, kubectl: Kubectl, name: str, watched: Watching, hops: Sequence[Hop]
) -> None:
    """Tell which alert fired before each promotion; a figure is owed for those of verdicts."""
    found = promotions_of(kubectl.get(f"model/{name}").get("status", {}), hops)
    fired = of_rules(watched.alerts(), name)
    for one in found:
        story.fact(f"promotion of {one.run}", complaint(one, fired))
    by_verdict = [one for one in found if one.rule]
    counted = max(len(watched.promoted()), sum(hop.rollout == "Promoted" for hop in hops))
    bar = lead_bar(by_verdict, fired, counted - len(found))
    story.bar_of_retraining(bar, happened=bool(by_verdict))


def promotions_of(model: Body, hops: Sequence[Hop]) -> list[Promotion]:
    """Return the promotions after the first version's, oldest first.

    Args:
        model: status of the Model.
        hops: what followed from each window.
    """
    verdicts = {hop.run: hop.decision for hop in hops if hop.run}
    champion = [model["champion"]] if "champion" in model else []
    versions = sorted([*model.get("history", []), *champion], key=lambda item: _time(item["since"]))
    return [
        _promotion(before, item, verdicts.get(str(item.get("run")), {}))
        for before, item in pairwise(versions)
    ]


def _promotion(before: Body, version: Body, decision: Body) -> Promotion:
    since = _time(before["since"])
    if "rule" in decision:
        since = max(since, _time(decision["time"]))
    return Promotion(
        str(version.get("run")), decision.get("rule", ""), since, _time(version["since"])
    )


def of_rules(fired: Sequence[Firing], name: str) -> list[Firing]:
    """Return the alerts that say that a rule about a Model holds; its DriftMonitor has its name."""
    about = {"model": name, "monitor": name}
    own = (one for one in fired if about.items() <= one.labels.items())
    return [one for one in own if one.alert in RULE_ALERTS]


def first_alert(promotion: Promotion, fired: Sequence[Firing]) -> Firing | None:
    """Return the first alert of the rule that the promotion goes back to.

    It was seen from the verdict on, and had begun by the promotion.
    """
    own = (one for one in fired if one.labels.get("rule") == promotion.rule)
    seen = (one for one in own if one.until >= promotion.since)
    return next((one for one in seen if one.since < promotion.promoted), None)


def complaint(promotion: Promotion, fired: Sequence[Firing]) -> str:
    """Return in words which alert fired before a promotion."""
    if not promotion.rule:
        return "no verdict led to it"
    one = first_alert(promotion, fired)
    if one is None:
        return f"no alert of rule {promotion.rule} fired between verdict and promotion"
    return f"{one.alert} (rule {promotion.rule}) fired {_lead(promotion, one):.0f} s before"


def lead_bar(promotions: Sequence[Promotion], fired: Sequence[Firing], unknown: int) -> Bar:
    """Return how long before a promotion its alert fired, where that was shortest.

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
        why = f"the alert of its rule did not fire before the promotion of {', '.join(silent)}"
    elif not promotions:
        why = "no verdict led to a promotion"
    else:
        leads = (_lead(one, alert) for one, alert in found if alert is not None)
        return Bar(name, min(leads), goal, at_least=True)
    return Bar.unmeasured(name, goal, why, at_least=True)


def _lead(promotion: Promotion, alert: Firing) -> float:
    """Return the seconds from an alert to a promotion; what it fired before the verdict is none."""
    return promotion.promoted - max(alert.since, promotion.since)


def _time(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
