"""Puts captured and labelled rows behind the file's finished ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import numpy as np

from trimtab_stages.contract.capture import CapturePlan, CapturePolicy
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.ingest.assemble import Finished, protected_columns
from trimtab_stages.ingest.captured import Served, Span, read_captured, to_ns
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.event_time import NANOS
from trimtab_stages.ingest.features import feature_list
from trimtab_stages.ingest.feedback import FOREIGN, NEVER, UNLABELLED, Truth, last_labels
from trimtab_stages.ingest.frame import (
    CAPTURED,
    NO_CATEGORY,
    NO_SOURCE,
    Categories,
    Frame,
    Mask,
    Step,
    Whole,
)
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.rule_names import Rule
from trimtab_stages.ingest.split import plan_boundaries
from trimtab_stages.ingest.target import Labels
from trimtab_stages.store import Store


@dataclass(frozen=True, slots=True)
class Traffic:
    """Where captured rows lie, and which of them are wanted."""

    store: Store
    plan: CapturePlan


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Captured rows and what labels say of them."""

    served: Served
    truth: Truth

    def __len__(self) -> int:
        return len(self.served)

    def take(self, index: Whole | Mask) -> "_Labelled":
        truth = Truth(self.truth.index[index], self.truth.since_ns[index])
        return _Labelled(self.served.take(index), truth)


def add_captured(file: Finished, traffic: Traffic, rules: IngestRules, ledger: Ledger) -> Finished:
    """Return the file's rows and the captured ones that the plan admits, to be split by time.

    The file's rules, thresholds and fill values have acted on the file alone; captured rows are
    finished: they have the features that the model was asked with and the class that came back.
    The result depends on the rows and labels, never on how objects hold them.

    Raises:
        StageError: MissingColumn, UnreadableFile or NoRowsLeft.
        StoreError: the store failed.
    """
    start = ledger.clock()
    plan = traffic.plan
    none = file.rows.take(np.zeros(0, np.int64))
    features = feature_list(none, rules)
    served = read_captured(traffic.store, plan, features, captured_span(plan, file.newest_ns))
    truth = last_labels(traffic.store, plan.model, served.keys, file.labels.classes)
    ledger.captured += len(served)
    found = _Labelled(served, truth)
    for rule, admit in (
        (Rule.CAPTURED_EXCLUDED, partial(_outside_faults, plan=plan)),
        (Rule.CAPTURED_UNLABELLED, _is_labelled),
        (Rule.CAPTURED_FAULTY, partial(_is_sound, rules=rules)),
    ):
        found, start = _filter(rule, found, admit(found), ledger, start), ledger.clock()
    return _windowed(_joined(file, found, features, rules, ledger), plan, rules, ledger)


def captured_span(plan: CapturePlan, newest_ns: int) -> Span:
    """Return the event times whose captured rows take part.

    Args:
        plan: the policy.
        newest_ns: event time of the file's newest row.
    """
    through = to_ns(plan.through)
    if plan.policy is CapturePolicy.SINCE_LAST_SNAPSHOT:
        return Span(newest_ns + 1, through)
    return Span(_window_start(plan), through)


def _window_start(plan: CapturePlan) -> int:
    return to_ns(plan.through - timedelta(seconds=plan.window_seconds or 0))


def _filter(rule: Rule, found: _Labelled, keep: Mask, ledger: Ledger, since: float) -> _Labelled:
    left = found.take(keep)
    lost = len(found) - len(left)
    ledger.account(lambda: Step(rule, left.served.rows, filtered=lost), since=since)
    return left


def _outside_faults(found: _Labelled, plan: CapturePlan) -> Mask:
    time_ns = found.served.rows.time_ns
    outside = np.ones(len(time_ns), np.bool_)
    for window in plan.excluded:
        outside &= ~Span(to_ns(window.start), to_ns(window.end)).holds(time_ns)
    return outside


def _is_labelled(found: _Labelled) -> Mask:
    return np.not_equal(found.truth.index, UNLABELLED)


def _is_sound(found: _Labelled, rules: IngestRules) -> Mask:
    rows = found.served.rows
    sound = np.not_equal(found.truth.index, FOREIGN)
    for values in rows.numbers.values():
        sound &= np.isfinite(values)
    for column in data_columns(rules):
        if column.range is not None and column.name in rows.numbers:
            # The rows were served as float32, so bounds are compared as float32.
            values = rows.numbers[column.name].astype(np.float32)
            low, high = column.range.min, column.range.max
            sound &= values >= np.float32(-np.inf if low is None else low)
            sound &= values <= np.float32(np.inf if high is None else high)
        if column.categories is not None and column.name in rows.categories:
            held, declared = rows.categories[column.name], set(column.categories)
            known = np.array([name in declared for name in held.names] or [True], np.bool_)
            sound &= known[held.codes]
    return sound


def _joined(
    file: Finished,
    found: _Labelled,
    features: Sequence[Feature],
    rules: IngestRules,
    ledger: Ledger,
) -> Finished:
    """Return the rows of both, without captured ones that are there twice."""
    here = np.flatnonzero(file.rows.source != NO_SOURCE)
    own = file.rows.take(here)
    names = [*(feature.name for feature in features), *protected_columns(rules)]
    rows = join_rows(own, found.served.rows, names)
    labels = Labels(
        file.labels.classes,
        np.concatenate([file.labels.index[here], found.truth.index]),
        np.concatenate([file.labels.end_ns[here], _label_ends(found, rules)]),
        file.labels.threshold,
    )
    start = ledger.clock()
    order = np.concatenate([np.arange(len(own)), len(own) + _distinct(rows, found, features)])
    left = rows.take(order)
    lost = len(rows) - len(left)
    ledger.account(lambda: Step(Rule.CAPTURED_DUPLICATES, left, filtered=lost), since=start)
    return replace(file, rows=left, labels=labels.take(order))


def _label_ends(found: _Labelled, rules: IngestRules) -> Whole:
    """Return when each captured row's label was known: its horizon's end, or what came with it."""
    time_ns = found.served.rows.time_ns
    if rules.time.grid is not None:
        return time_ns + rules.target.horizon_steps * rules.time.grid.interval_seconds * NANOS
    return np.maximum(time_ns, found.truth.since_ns) if rules.target.horizon_steps else time_ns


def _distinct(rows: Frame, found: _Labelled, features: Sequence[Feature]) -> Whole:
    """Return which captured rows to keep, in the one order that their content gives.

    Rows are equal where event time and all features are, as float32. A row of the file comes
    first, then the captured row that arrived first.

    Args:
        rows: the file's rows, then the captured ones.
        found: the captured ones.
        features: what rows are compared by.
    """
    own = len(rows) - len(found)
    times = found.served.rows.time_ns
    near = np.flatnonzero(np.isin(rows.time_ns[:own], times))
    taken = np.concatenate([near, np.arange(own, len(rows))])
    compared = [rows.time_ns[taken], *_values(rows.take(taken), features)]
    earlier = np.full(len(near), NEVER)
    arrival = np.concatenate([earlier, found.served.received_ns])
    keys = np.concatenate([np.full(len(near), b"", "S16"), found.served.keys])
    order = np.lexsort((keys, arrival, *reversed(compared)))
    repeated = np.zeros(len(order), np.bool_)
    repeated[1:] = np.logical_and.reduce([np.diff(values[order]) == 0 for values in compared])
    kept = taken[order[~repeated]]
    return kept[kept >= own] - own


def _values(rows: Frame, features: Sequence[Feature]) -> Iterator[np.ndarray]:
    for feature in features:
        if feature.name in rows.categories:
            yield rows.categories[feature.name].codes
        else:
            yield rows.numbers[feature.name].astype(np.float32)


def join_rows(file: Frame, served: Frame, names: Sequence[str]) -> Frame:
    """Return the columns of both, one behind the other; what served rows lack is missing."""
    # After every series of the file, so that at one instant the file's rows come first.
    series = np.full(len(served), int(file.series.max(initial=0)) + 1)
    missing = np.full(len(served), np.nan)
    return Frame(
        np.concatenate([file.time_ns, served.time_ns]),
        np.concatenate([file.source, np.full(len(served), CAPTURED)]),
        np.concatenate([file.series, series]),
        np.concatenate([file.segment, series]),
        {
            name: np.concatenate([file.numbers[name], served.numbers.get(name, missing)])
            for name in names
            if name in file.numbers
        },
        {
            name: _join_categories(file.categories[name], served.categories.get(name), len(served))
            for name in names
            if name in file.categories
        },
    )


def _join_categories(file: Categories, served: Categories | None, rows: int) -> Categories:
    none = Categories(np.full(rows, NO_CATEGORY, np.int32), ())
    other = served or none
    names = tuple(sorted({*file.names, *other.names}))
    place = {name: number for number, name in enumerate(names)}
    codes = [
        np.array([*(place[name] for name in held.names), NO_CATEGORY], np.int32)[held.codes]
        for held in (file, other)
    ]
    return Categories(np.concatenate(codes), names)


def _windowed(rows: Finished, plan: CapturePlan, rules: IngestRules, ledger: Ledger) -> Finished:
    """Set aside what the sliding window no longer holds, and place the splits anew."""
    if plan.policy is CapturePolicy.SLIDING_WINDOW:
        recent = np.flatnonzero(rows.rows.time_ns >= _window_start(plan))
        left = rows.rows.take(recent)
        lost = len(rows.rows) - len(left)
        ledger.account(lambda: Step(Rule.WINDOW, left, filtered=lost))
        rows = replace(rows, rows=left, labels=rows.labels.take(recent))
    return replace(rows, boundaries=plan_boundaries(rows.rows.time_ns, rules.split))
