"""Clean rows to a snapshot's splits: features, target, temporal split, leakage check."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from trimtab_stages.contract.features import ColumnRole, Feature, FeatureKind
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.ingest import features
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.curate import Curated
from trimtab_stages.ingest.frame import NO_SOURCE, Categories, Frame, Mask, Numbers, Step, Whole
from trimtab_stages.ingest.label_rate import check_label_rates
from trimtab_stages.ingest.leakage import refuse_leaking_data
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.rule_names import Rule
from trimtab_stages.ingest.split import SPLIT_NAMES, Boundaries, outside_embargo
from trimtab_stages.ingest.target import UNKNOWN, Labels, build_labels, takes_part


@dataclass(frozen=True, slots=True)
class Assembled:
    """The rows of all splits, in time order.

    Attributes:
        features: model inputs in tensor order.
        protected: protected attributes, kept beside the inputs.
        rows: columns, derived features among the numbers.
        labels: target of every row.
        split: split of every row, index into `SPLIT_NAMES`.
    """

    features: tuple[Feature, ...]
    protected: tuple[str, ...]
    rows: Frame
    labels: Labels
    split: Whole

    def table(self, split: str, rules: IngestRules) -> pa.Table:
        """Return a split: event time, inputs, protected attributes, target."""
        chosen = self.rows.take(self.split == SPLIT_NAMES.index(split))
        names = [*(feature.name for feature in self.features), *self.protected]
        index = self.labels.index[self.split == SPLIT_NAMES.index(split)]
        return pa.table(
            {rules.time.column: pa.array(chosen.time_ns).cast(pa.timestamp("ns", "UTC"))}
            | {name: _column(chosen, name) for name in names}
            | {rules.target.name: pa.array(index, pa.int64())}
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """Rows with features and target that are not split yet.

    Attributes:
        rows: those without a source take no part.
        labels: target of every row.
        boundaries: of the temporal split.
        newest_ns: event time of the file's newest row, nanoseconds since 1970 UTC.
    """

    rows: Frame
    labels: Labels
    boundaries: Boundaries
    newest_ns: int


def finish_rows(curated: Curated, rules: IngestRules, ledger: Ledger) -> Finished:
    """Build features and target; rows that lack either are set aside."""
    derived = ledger.account(lambda: derive_features(curated.filled, rules))
    labels = build_labels(curated.measured, rules.target, curated.boundaries.validation_ns)
    known = takes_part(curated.measured, rules.target) & (labels.index != UNKNOWN)
    targeted = ledger.account(lambda: _set_aside(Rule.TARGET, derived, known))
    newest = int(curated.measured.time_ns.max())
    return Finished(targeted, labels, curated.boundaries, newest)


def split_rows(finished: Finished, rules: IngestRules, ledger: Ledger) -> Assembled:
    """Split by time, set aside rows of the embargo, and judge what is left.

    Raises:
        StageError: NoRowsLeft, ValidationFailed or LeakingTarget.
    """
    targeted, labels, boundaries = finished.rows, finished.labels, finished.boundaries
    free = outside_embargo(targeted.time_ns, labels.end_ns, boundaries, rules.split)
    chosen = ledger.account(lambda: _set_aside(Rule.SPLIT, targeted, free))
    order = _time_order(chosen)
    rows, kept = chosen.take(order), labels.take(order)
    split = boundaries.split_of(rows.time_ns)
    check_label_rates(kept, split, rules.target)
    listed = tuple(features.feature_list(rows.take(split == 0), rules))
    assembled = Assembled(listed, protected_columns(rules), rows, kept, split)
    _refuse_leaks(assembled, rules)
    ledger.check_balance(len(rows))
    return assembled


def derive_features(frame: Frame, rules: IngestRules) -> Step:
    """Add the derived features; rows without the history that they need are set aside."""
    history = features.History(frame.time_ns, frame.numbers, frame.segment)
    derived = features.derive(rules, history)
    complete = np.ones(len(frame), np.bool_)
    for name, values in derived.items():
        frame = frame.with_numbers(name, values)
        complete &= ~np.isnan(values)
    step = _set_aside(Rule.FEATURES, frame, complete)
    return Step(Rule.FEATURES, step.frame, filtered=step.filtered)


def _set_aside(rule: Rule, frame: Frame, keep: Mask) -> Step:
    """Take the source away from rows that are not kept; they stay as grid points."""
    lost = (frame.source != NO_SOURCE) & ~keep
    source = np.where(lost, NO_SOURCE, frame.source)
    left = Frame(
        frame.time_ns, source, frame.series, frame.segment, frame.numbers, frame.categories
    )
    return Step(rule, left, filtered=int(lost.sum()))


def _time_order(frame: Frame) -> Whole:
    """Return the positions of the rows that take part, by time and then series."""
    here = np.flatnonzero(frame.source != NO_SOURCE)
    return here[np.lexsort((here, frame.series[here], frame.time_ns[here]))]


def protected_columns(rules: IngestRules) -> tuple[str, ...]:
    """Return the protected attributes that splits keep beside the inputs."""
    return tuple(
        column.name for column in data_columns(rules) if column.role is ColumnRole.PROTECTED
    )


def _refuse_leaks(assembled: Assembled, rules: IngestRules) -> None:
    training = assembled.split == 0
    own = {use.feature for use in features.uses(rules) if use.column == rules.target.column}
    inputs = {
        feature.name: _as_numbers(assembled.rows, feature)[training]
        for feature in assembled.features
        if feature.name not in own
    }
    classes = len(assembled.labels.classes)
    refuse_leaking_data(inputs, assembled.labels.index[training], classes, rules.target)


def _as_numbers(rows: Frame, feature: Feature) -> Numbers:
    if feature.kind is FeatureKind.CATEGORICAL:
        return rows.categories[feature.name].codes.astype(np.float64)
    return rows.numbers[feature.name]


def _column(rows: Frame, name: str) -> pa.Array:
    if name in rows.categories:
        return _texts(rows.categories[name])
    return pa.array(rows.numbers[name], pa.float64(), from_pandas=True)


def _texts(column: Categories) -> pa.Array:
    names = pa.array(column.names, pa.string())
    return names.take(pa.array(column.codes, pa.int32(), mask=column.codes < 0))
