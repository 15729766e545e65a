"""A person's wish that a former version answers again, given to the cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.kinds import MODEL
from trimtab_operator.api.model import Model, Version
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.live import ask, current_namespace
from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.resources import MODELS
from trimtab_operator.domain.rollback import PREVIOUS, read_wish
from trimtab_operator.manifests import labels

HEX_DIGITS = 8
"""Fewest digits of a digest that name a version."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which version of which Model shall answer.

    Attributes:
        model: name of the Model.
        to: digest of the version, or its first digits; None for the one before.
        challenger: only the challenger shall go.
        now: the time; it makes the same wish a new one.
    """

    model: str
    to: str | None
    challenger: bool
    now: datetime


def roll_back(environment: Mapping[str, str], namespace: str | None, order: Order) -> Version:
    """Set the annotation with which a person asks for a rollback.

    Returns:
        The version that will answer.

    Raises:
        Refusal: there is no such Model or version, or the API server refuses.
    """
    wanted = current_namespace(environment) if namespace is None else namespace

    async def write(cluster: Cluster) -> Version:
        body = await cluster.get(MODELS, wanted, order.model)
        if body is None:
            hint = f"see `kubectl get models.trimtab.dev -n {wanted}`"
            raise Refusal("NotFound", f"Model '{order.model}' is not in {wanted}; {hint}")
        known = MODEL.parse(body)
        if not isinstance(known, Model):
            raise TypeError(f"{order.model} is no Model")
        value = annotation_of(known, order)
        target = target_of(known, value)
        # The version makes it a compare-and-swap: what comes back is what was found here.
        version = body["metadata"]["resourceVersion"]
        metadata = {"resourceVersion": version, "annotations": {labels.ROLLBACK: value}}
        await cluster.merge(MODELS, wanted, order.model, {"metadata": metadata})
        return target

    return ask(environment, write)


def annotation_of(model: Model, order: Order) -> str:
    """Return the annotation's value: the version, and the time of the wish.

    Raises:
        Refusal: no version, or several, begin with these digits.
    """
    name = PREVIOUS
    if order.challenger:
        name = _champion_under_trial(model)
    elif order.to is not None:
        name = _digest_of(model, order.to)
    return f"{name}@{order.now:%Y-%m-%dT%H:%M:%SZ}"


def target_of(model: Model, value: str) -> Version:
    """Return the version that the operator will let answer, by its own rules.

    Raises:
        Refusal: there is none.
    """
    annotations = {labels.ROLLBACK: value}
    metadata = model.metadata.model_copy(update={"annotations": annotations})
    wish = read_wish(model.model_copy(update={"metadata": metadata}))
    if wish is None or wish.target is None:
        why = wish.refusal if wish is not None else "it was asked for already"
        raise Refusal("RollbackImpossible", f"Model '{model.metadata.name}': {why}")
    return wish.target


def _champion_under_trial(model: Model) -> str:
    status = model.status
    if status.champion is None or status.challenger is None:
        name = model.metadata.name
        raise Refusal("RollbackImpossible", f"Model '{name}' has no challenger to take back")
    return status.champion.digest


def _digest_of(model: Model, wanted: str) -> str:
    digits = wanted.removeprefix("sha256:")
    known = [item.digest for item in (model.status.champion, *model.status.history) if item]
    found = sorted({one for one in known if one.removeprefix("sha256:").startswith(digits)})
    if len(digits) >= HEX_DIGITS and len(found) == 1:
        return found[0]
    listed = ", ".join(known) or "none"
    why = f"{len(found)} versions begin with '{wanted}'" if digits else "no digest is given"
    hint = f"give at least {HEX_DIGITS} digits of one of: {listed}"
    raise Refusal("RollbackImpossible", f"{why}; {hint}")
