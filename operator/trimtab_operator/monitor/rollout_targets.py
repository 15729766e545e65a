"""Which Models have a challenger in the shadow, and by which rules it is compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from trimtab_operator.monitor.targets import FLUSH_SECONDS, Body, TrainedVersion
from trimtab_stages.contract.gates import Metric

MARGIN, CONFIDENCE = "0.02", "0.95"
"""Defaults of `Model.spec.rollout`, for bodies that leave them out."""


@dataclass(frozen=True, slots=True)
class RolloutTarget:
    """One Model whose challenger scores the champion's requests.

    Attributes:
        namespace: of the Model.
        name: of the Model.
        uid: of the Model.
        champion: version that answers.
        challenger: version that scores after the replies.
        metric: what is compared.
        margin: difference that matters, in the metric's unit.
        confidence: of the interval, 0..1.
        flush_seconds: how often servers write.
        evidence: as the status has it.
    """

    namespace: str
    name: str
    uid: str
    champion: TrainedVersion
    challenger: TrainedVersion
    metric: Metric
    margin: float
    confidence: float
    flush_seconds: int
    evidence: Body

    @property
    def place(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def identity(self) -> tuple[str, str, str]:
        """What a new comparison follows from: another object, champion or challenger."""
        return self.uid, self.champion.digest, self.challenger.digest


def find_rollouts(models: Iterable[Body]) -> list[RolloutTarget]:
    """Return the Models whose champion and challenger both come from runs."""
    found = (_target(body) for body in models)
    return [target for target in found if target is not None]


def _target(body: Body) -> RolloutTarget | None:
    status, spec, metadata = body.get("status", {}), body["spec"], body["metadata"]
    champion, challenger = (_version(status.get(name)) for name in ("champion", "challenger"))
    rollout = status.get("rollout", {})
    if champion is None or challenger is None or rollout.get("digest") != challenger.digest:
        return None
    rules = spec.get("rollout", {})
    return RolloutTarget(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        champion=champion,
        challenger=challenger,
        metric=Metric(rules.get("metric", Metric.BALANCED_ACCURACY)),
        margin=float(Decimal(rules.get("margin", MARGIN))),
        confidence=float(Decimal(rules.get("confidence", CONFIDENCE))),
        flush_seconds=spec.get("capture", {}).get("flushSeconds", FLUSH_SECONDS),
        evidence=rollout.get("evidence", {}),
    )


def _version(found: dict[str, Any] | None) -> TrainedVersion | None:
    if found is None or "run" not in found:
        return None
    return TrainedVersion(found["digest"], found["run"], datetime.fromisoformat(found["since"]))
