"""Contradictions between a Pipeline's recipe, its triggers and its Dataset."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from trimtab_operator.api.dataset import DatasetSpec
from trimtab_operator.api.pipeline import AutomaticTrigger, PipelineSpec
from trimtab_operator.domain.features import category_features, numeric_features
from trimtab_operator.domain.schedule import ScheduleFault, next_cron_time
from trimtab_operator.domain.spec_fault import Interval, SpecFault, outside
from trimtab_stages.contract.recipe import Lever, LeverOp

SHOWN_FEATURES = 20
"""More features than these are not listed in a message."""
ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)
"""Whether a cron expression can be read does not depend on the time."""


def recipe_faults(spec: PipelineSpec, dataset: DatasetSpec) -> list[SpecFault]:
    """Return everything that contradicts itself or the Dataset in a Pipeline's spec."""
    return [
        *unreadable_schedules(spec),
        *repeated_names(spec),
        *unknown_lever_columns(spec, dataset),
        *impossible_numbers(spec),
    ]


def unreadable_schedules(spec: PipelineSpec) -> Iterator[SpecFault]:
    """Yield cron expressions and time zones that are not known, and times that never come."""
    for place, trigger in enumerate(spec.triggers):
        field = f"spec.triggers[{place}]"
        if trigger.type is not AutomaticTrigger.SCHEDULE:
            if trigger.timezone != "UTC":
                yield SpecFault(f"{field}.timezone", "belongs to type Schedule")
            continue
        try:
            if next_cron_time(trigger, ANY_TIME) is None:
                yield SpecFault(f"{field}.cron", f"'{trigger.cron}' names a time that never comes")
        except ScheduleFault as fault:
            yield SpecFault(field, f"{fault}; write for example '0 3 * * *' and 'Europe/Berlin'")


def repeated_names(spec: PipelineSpec) -> Iterator[SpecFault]:
    """Yield names that two levers or two gates have."""
    named = {
        "levers": [lever.name for lever in spec.levers],
        "gates": [gate.name for gate in spec.gates],
    }
    for field, names in named.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield SpecFault(f"spec.{field}", f"`{name}` is there {count} times; rename one")


def unknown_lever_columns(spec: PipelineSpec, dataset: DatasetSpec) -> Iterator[SpecFault]:
    """Yield lever columns that are no features at that point of the recipe."""
    numeric, categories = numeric_features(dataset), category_features(dataset)
    for lever in spec.levers:
        known = [*numeric, *categories] if lever.op is LeverOp.SELECT else numeric
        yield from _misfits(lever, known)
        numeric, categories = _after(lever, numeric, categories)


def _misfits(lever: Lever, known: list[str]) -> Iterator[SpecFault]:
    field = f"spec.levers[{lever.name}]"
    for name in lever.columns or []:
        if name not in known:
            told = ", ".join(known[:SHOWN_FEATURES]) or "there are none"
            words = f"`{name}` is no feature that op {lever.op} can use here: {told}"
            yield SpecFault(f"{field}.columns", words)
    width = len(known if lever.columns is None else lever.columns)
    if lever.components is not None and lever.components > width:
        words = f"{lever.components} components need as many columns, there are {width}"
        yield SpecFault(f"{field}.components", words)


def _after(lever: Lever, numeric: list[str], categories: list[str]) -> tuple[list[str], list[str]]:
    """Return the names of the features that the next lever finds."""
    if lever.op is LeverOp.SELECT:
        kept = set(lever.columns or [])
        return [name for name in numeric if name in kept], [n for n in categories if n in kept]
    if lever.op is LeverOp.PROJECT:
        acted = set(lever.columns or numeric)
        made = [f"{lever.name}_{number + 1}" for number in range(lever.components or 1)]
        return [*made, *(name for name in numeric if name not in acted)], categories
    return numeric, categories


def impossible_numbers(spec: PipelineSpec) -> Iterator[SpecFault]:
    """Yield numbers outside the interval in which they mean something."""
    yield from outside(
        [
            Interval("spec.model.dropout", spec.model.dropout, "0", "0.9"),
            Interval("spec.decision.minRecall", spec.decision.min_recall, "0", "1"),
        ]
    )
    for lever in spec.levers:
        field, loss = f"spec.levers[{lever.name}]", lever.max_information_loss
        yield from outside(
            [
                Interval(f"{field}.quantile", lever.quantile, "0", "0.5"),
                Interval(f"{field}.maxInformationLoss", loss, "0", "1"),
            ]
        )
