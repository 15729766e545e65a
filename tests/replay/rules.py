"""By which rules a loop is played: those of the manifests that the demo applies."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from trimtab_operator.api.driftmonitor import DriftMonitor, DriftMonitorSpec
from trimtab_operator.api.kinds import BY_KIND
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.rollout import Rollout
from trimtab_stages.contract.gates import GateKind
from trimtab_stages.contract.monitoring import Signal, SignalKind
from trimtab_stages.contract.recipe import Recipe


@dataclass(frozen=True)
class LoopRules:
    """How a loop trains, what makes it retrain, and how it promotes.

    Attributes:
        recipe: of the Pipeline, with its gates.
        rollout: of the Model.
        monitor: windows, signals, rules and guards of the DriftMonitor.
    """

    recipe: Recipe
    rollout: Rollout
    monitor: DriftMonitorSpec

    @classmethod
    def of(cls, manifests: Iterable[dict[str, Any]]) -> Self:
        """Return the rules of a Pipeline, a Model and a DriftMonitor.

        Raises:
            ValueError: one of them is missing, or the Model's versions replace one another without
                a rollout.
        """
        objects = [BY_KIND[one["kind"]].parse(one) for one in manifests]
        found = {type(one): one for one in objects}
        match found.get(Pipeline), found.get(Model), found.get(DriftMonitor):
            case Pipeline() as pipeline, Model() as model, DriftMonitor() as monitor:
                if model.spec.rollout is None:
                    raise ValueError(f"Model `{model.metadata.name}` has no `spec.rollout`")
                return cls(pipeline.spec.recipe(), model.spec.rollout, monitor.spec)
            case _:
                raise ValueError("a loop has a Pipeline, a Model and a DriftMonitor")

    @property
    def quality(self) -> Signal:
        """The signal of realised quality, which is all that a replay measures."""
        kind = SignalKind.REALISED_QUALITY
        return next(one for one in self.monitor.signals if one.kind is kind)

    def seeded(self, place: int) -> Self:
        """Return the rules with another seed of the training, so far from the recipe's own."""
        training = self.recipe.training
        other = training.model_copy(update={"seed": training.seed + place})
        return replace(self, recipe=self.recipe.model_copy(update={"training": other}))

    def without_absolute_gates(self) -> Self:
        """Return the rules for data on which another quality is a good one."""
        gates = [gate for gate in self.recipe.gates if gate.kind is not GateKind.METRIC]
        return replace(self, recipe=self.recipe.model_copy(update={"gates": gates}))

    def over_rows(self, rows: int) -> Self:
        """Return the rules for data that has so many rows in a window: a rollout may take them."""
        return replace(self, rollout=self.rollout.model_copy(update={"max_rows": rows}))
