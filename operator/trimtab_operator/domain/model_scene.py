"""What decisions about a Model share: the world they see, and what they choose to serve."""

from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.model import Model, Version
from trimtab_operator.domain.conditions import Verdict
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.plan import Action
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import ServingPlan

CAUSE_CHARACTERS = 128
REASON_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Scene:
    """A Model, its world, and what its status will say.

    Attributes:
        model: the Model.
        seen: its world.
        now: the time.
        common: Validated, StorageReachable and Paused, in this order.
    """

    model: Model
    seen: ObservedModel
    now: datetime
    common: tuple[Verdict, ...]

    def commit_of(self, version: Version | None) -> Commit | None:
        """Return the commit of the run that made a version, None where it is not known now."""
        return self.seen.commits.get(version.run or "") if version is not None else None


@dataclass(frozen=True, slots=True)
class Choice:
    """The versions that serve from now on, and what goes with them.

    Attributes:
        champion: the version that answers, none where there is none yet.
        plan: what the pods follow; none where it cannot be told now, then theirs stays.
        before: actions before the pods are told: what must be recorded first.
        after: actions after it.
        update: status fields that change.
        verdicts: conditions about the rollout.
        requeue: seconds after which to look again at the latest.
    """

    champion: Version | None
    plan: ServingPlan | None
    before: tuple[Action, ...] = ()
    after: tuple[Action, ...] = ()
    update: dict[str, object] | None = None
    verdicts: tuple[Verdict, ...] = ()
    requeue: float | None = None
