"""Which DriftMonitors can be evaluated, and against what: read from the bodies of the API."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.monitoring import MonitorSpec

logger = logging.getLogger(__name__)

Body = Mapping[str, Any]

FLUSH_SECONDS, PANE_SECONDS = 10, 300
"""Defaults of `Model.spec.capture`, for bodies that leave them out."""
BEFORE_PROMOTION = timedelta(seconds=60)
"""Clocks of operator and servers may differ by so much."""
WINDOWS = 12
"""Evaluations that the status keeps."""


@dataclass(frozen=True, slots=True)
class TrainedVersion:
    """A version that a run has made and that answers or has answered.

    Attributes:
        digest: digest of its ONNX file.
        run: name of its run.
        since: when it became champion.
    """

    digest: str
    run: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """One DriftMonitor with the Model that it watches.

    Attributes:
        namespace: of both.
        name: of the DriftMonitor.
        uid: of the DriftMonitor.
        model: name of the Model.
        policy: windows and signals.
        versions: champion, then former ones; only those that runs have made.
        flush_seconds: longest time that statistics wait in a server.
        evaluated_through: end of the newest window that is done, None before the first.
        signals: newest values as the status has them.
        evaluations: newest evaluations as the status has them, newest last.
        decided_through: end of the newest window that the operator has decided, None before one.
        lookback: decided windows that rules and guards look at beside the one that is judged.
    """

    namespace: str
    name: str
    uid: str
    model: str
    policy: MonitorSpec
    versions: tuple[TrainedVersion, ...]
    flush_seconds: int
    evaluated_through: datetime | None
    signals: tuple[Body, ...]
    evaluations: tuple[Body, ...]
    decided_through: datetime | None = None
    lookback: int = 0

    @property
    def room(self) -> int:
        """How many more evaluations the status takes before one that is needed falls out of it.

        Those that wait for their decision are needed, and those that rules and guards look back at.
        """
        waiting = sum(map(self._is_undecided, self.evaluations))
        return max(WINDOWS - self.lookback - waiting, 0)

    def _is_undecided(self, evaluation: Body) -> bool:
        through = self.decided_through
        return through is None or datetime.fromisoformat(evaluation["end"]) > through

    @property
    def identity(self) -> tuple[str, str, str]:
        """What a new start of the evaluation follows from: another object, Model or policy."""
        return self.uid, self.model, digest_of(self.policy)

    @property
    def begin(self) -> datetime:
        """Nothing that arrived earlier was answered by the champion."""
        return self.versions[0].since - BEFORE_PROMOTION


def find_targets(monitors: Iterable[Body], models: Iterable[Body]) -> list[Target]:
    """Return the DriftMonitors whose Model has a champion that a run made, by namespace and name.

    One whose spec cannot be followed is left out: the operator says so in its condition Validated.
    """
    by_name = {_place(body): body for body in models}
    found = []
    for body in monitors:
        model = by_name.get((body["metadata"]["namespace"], body["spec"]["modelRef"]["name"]))
        target = _target(body, model) if model is not None else None
        if target is not None:
            found.append(target)
    return sorted(found, key=lambda target: (target.namespace, target.name))


def _target(body: Body, model: Body) -> Target | None:
    metadata, status = body["metadata"], body.get("status", {})
    versions = _versions(model.get("status", {}))
    policy = _policy(body["spec"])
    capture = model["spec"].get("capture", {})
    if policy is None or not versions or not _fits(policy, capture):
        return None
    return Target(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        model=model["metadata"]["name"],
        policy=policy,
        versions=versions,
        flush_seconds=capture.get("flushSeconds", FLUSH_SECONDS),
        evaluated_through=_instant(status.get("evaluatedThrough")),
        signals=tuple(status.get("signals", ())),
        evaluations=tuple(status.get("evaluations", ())),
        decided_through=_instant(status.get("decision", {}).get("windowEnd")),
        lookback=_lookback(body["spec"]),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _lookback(spec: Body) -> int:
    """Return how many decided windows hysteresis and cooldown look back at."""
    hysteresis = max((int(rule.get("forWindows", 1)) for rule in spec.get("rules", ())), default=1)
    return max(hysteresis - 1, int(spec.get("guards", {}).get("cooldownWindows", 1)))


def _policy(spec: Body) -> MonitorSpec | None:
    known = {field: spec[field] for field in ("window", "signals") if field in spec}
    try:
        return MonitorSpec.model_validate(known)
    except ValidationError as error:
        logger.warning("a DriftMonitor's spec cannot be followed", extra={"cause": str(error)})
        return None


def _versions(status: Body) -> tuple[TrainedVersion, ...]:
    champion = status.get("champion")
    if champion is None or "run" not in champion:
        return ()
    return tuple(
        TrainedVersion(one["digest"], one["run"], datetime.fromisoformat(one["since"]))
        for one in (champion, *status.get("history", ()))
        if "run" in one
    )


def _fits(policy: MonitorSpec, capture: Body) -> bool:
    """Whether every edge of a window is an edge of panes."""
    pane = int(capture.get("paneSeconds", PANE_SECONDS))
    window = policy.window
    return window.seconds % pane == 0 and window.anchor.timestamp() % pane == 0


def _place(body: Body) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
