"""One version as one plan wants it served: graph, threshold, reader and queue."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from trimtab_stages.contract.serving_plan import PlanVersion, ReferenceProfile
from trimtab_stages.serve.model.batcher import Batcher, Results
from trimtab_stages.serve.model.run_clock import RunClock
from trimtab_stages.serve.model.run_estimate import Pace, RunEstimate
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.model.signature import DECISION, score_output
from trimtab_stages.serve.oip.request import InferRequestReader
from trimtab_stages.serve.oip.tensors import VARIABLE, Limits, Signature, Tensor, TensorSpec
from trimtab_stages.serve.settings import RunSettings

SHORT_DIGITS = 16
"""Hexadecimal digits of a digest that name a version in paths and store keys."""


def short_name(digest: str) -> str:
    """Return the version name of a digest."""
    return digest.removeprefix("sha256:")[:SHORT_DIGITS]


@dataclass(slots=True)
class LoadedModel:
    """A graph that has passed every check.

    Attributes:
        model: the graph.
        pace: how fast it is.
        reference: cells that its panes count in.
        estimate: how fast it has been since.
    """

    model: OnnxModel
    pace: Pace
    reference: ReferenceProfile | None
    estimate: RunEstimate = field(init=False)

    def __post_init__(self) -> None:
        """Begin with what warm-up has measured."""
        self.estimate = RunEstimate(self.pace)


def own_threads(most: int) -> Executor:
    """Return threads that are made when they are needed, and end with what holds them."""
    return ThreadPoolExecutor(most, thread_name_prefix="run")


@dataclass(frozen=True, slots=True)
class VersionSettings:
    """What all versions of a process share.

    Attributes:
        run: how graphs are run.
        limits: bounds on a request's tensors.
        threads: makes a version's threads for long runs, so many: one that hangs keeps its own.
    """

    run: RunSettings
    limits: Limits
    threads: Callable[[int], Executor] = own_threads


class DecidingModel:
    """A graph whose results get the output `decision`.

    Attributes:
        signature: the graph's, with `decision` where it is added.
        score: the output that holds the scores, None when there is none.
    """

    def __init__(self, model: OnnxModel, plan: PlanVersion) -> None:
        self._model = model
        self._threshold = plan.threshold
        self.score = score_output(model.signature)
        self._decides = self.score is not None and _is_decided(self.score, plan)
        self.signature = _with_decision(model.signature) if self._decides else model.signature

    def run(self, inputs: dict[str, Tensor]) -> Results:
        """Return all outputs by name, the decision included; raises `RequestError`."""
        results = self._model.run(inputs)
        if self._decides and self.score is not None:
            results[DECISION] = decide(results[self.score.name], self._threshold)
        return results


class ServedVersion:
    """A version that can answer.

    Attributes:
        plan: its entry in the serving plan.
        name: its name in paths, responses and store keys.
        model: the graph with its decision.
        reader: reads requests for it.
        batcher: queue in front of it.
        loaded: the graph and what was learnt at its load.
    """

    def __init__(
        self,
        plan: PlanVersion,
        loaded: LoadedModel,
        settings: VersionSettings,
        times: RunClock | None = None,
    ) -> None:
        """Put a queue in front of a graph.

        Args:
            plan: the version's entry in the plan.
            loaded: the graph.
            settings: what all versions share.
            times: earlier runs that count with those to come; None for none.
        """
        self.plan = plan
        self.name = short_name(plan.digest)
        self.loaded = loaded
        self.model = DecidingModel(loaded.model, plan)
        self.reader = InferRequestReader(self.model.signature, settings.limits)
        run = settings.run.for_shadow() if plan.shadow else settings.run
        threads = settings.threads(run.slots)
        self.batcher = Batcher(self.model, loaded.estimate, threads, run, times)


def decide(scores: Tensor, threshold: float | None) -> Tensor:
    """Return the decided class of each row.

    Args:
        scores: [N] or [N, 1] probabilities of the positive class, or [N, K] of K classes.
        threshold: smallest score of the positive class; not used for K > 1.

    Returns:
        int64 [N].
    """
    if scores.ndim == 1:
        return (scores >= threshold).astype(np.int64)
    if scores.shape[1] == 1:
        return (scores[:, 0] >= threshold).astype(np.int64)
    best: Tensor = np.argmax(scores, axis=1)
    return best.astype(np.int64)


def _is_decided(score: TensorSpec, plan: PlanVersion) -> bool:
    if score.name == DECISION:
        return False
    has_classes = len(score.shape) > 1 and score.shape[1] > 1
    return bool(plan.classes) if has_classes else plan.threshold is not None


def _with_decision(signature: Signature) -> Signature:
    if any(spec.name == DECISION for spec in signature.outputs):
        return signature
    added = TensorSpec(DECISION, "INT64", (VARIABLE,))
    return Signature(signature.inputs, (*signature.outputs, added), signature.common_rows)
