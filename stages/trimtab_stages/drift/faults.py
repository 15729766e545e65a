"""Faults of the data of a window: they say nothing about the model, and block retraining.

Every fault needs 30 rows. Thresholds are far from chance and from honest drift; a fault that is
found holds a decision up until a person looks. So its message says what is wrong, where in the
window, by which numbers, and what to do.
"""

from collections.abc import Iterator

from scipy.special import bdtrc

from trimtab_stages.contract.monitoring import DataFault, DataFaultKind
from trimtab_stages.contract.pane import OTHER
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.clock_skew import MOST_SKEWED, MOST_SKEWED_OF_SPAN, clock_skew
from trimtab_stages.drift.corrupt_labels import MOST_WRONG, find_contradiction
from trimtab_stages.drift.duplicate_replay import (
    MOST_REPEATED,
    MOST_REPEATED_OF_SPAN,
    Repeated,
    repeated_rows,
)
from trimtab_stages.drift.merge import Counts, MergedPanes
from trimtab_stages.drift.parts import WindowParts, span_words
from trimtab_stages.drift.records import LabelledRows, RecordArrays
from trimtab_stages.drift.stuck_sensor import stuck_features
from trimtab_stages.drift.unit_change import unit_changes
from trimtab_stages.drift.unit_step import unit_steps

LEAST_ROWS = 30
MOST_UNKNOWN = 0.5
"""Share of unknown categories above which a feature's schema is broken."""
MORE_MISSING = 0.2
"""Missing share above the reference's from which values have gone missing."""
MISSING_BY_CHANCE = 1e-6
"""Probability of as many missing values by chance below which they are a burst."""
NEXT_STEP = {
    DataFaultKind.SCHEMA_BREAK: "let clients send it as the Dataset has it",
    DataFaultKind.UNIT_CHANGE: "let clients send the unit that the Dataset declares",
    DataFaultKind.STUCK_SENSOR: "check the sensor, and what reads it",
    DataFaultKind.MISSING_BURST: "check where clients get it from",
    DataFaultKind.DUPLICATE_REPLAY: "let clients send each row once",
    DataFaultKind.CLOCK_SKEW: "check clock and time zone of the clients; if rows may be so late, "
    "raise `spec.window.allowedLatenessSeconds`",
    DataFaultKind.CORRUPT_LABELS: "check where labels come from and which rows they are joined to",
}
"""What a person is to do about a fault."""


def find_faults(
    reference: ReferenceProfile,
    table: NumericTable,
    panes: MergedPanes,
    parts: WindowParts,
    records: RecordArrays,
    lateness_seconds: int,
) -> list[DataFault]:
    """Return all faults of a window, by kind and feature.

    Args:
        reference: what the champion was trained on.
        table: its numeric features in the window.
        panes: the window's merged panes.
        parts: its numeric features by parts of it.
        records: the window's decision records.
        lateness_seconds: how late rows may be, seconds.
    """
    repeated = repeated_rows(records)
    return [
        *schema_breaks(reference, table, panes),
        *changed_units(reference, table, parts),
        *stuck_sensors(reference, table, parts),
        *missing_bursts(reference, table),
        *duplicate_replay(repeated),
        # When a row comes once more says nothing about the clock that it was stamped by.
        *skewed_clock(records.take(~repeated.rows), lateness_seconds),
    ]


def schema_breaks(
    reference: ReferenceProfile, table: NumericTable, panes: MergedPanes
) -> Iterator[DataFault]:
    """Yield features without any value, and those whose categories are mostly unknown ones."""
    if panes.rows < LEAST_ROWS:
        return
    for numeric, rows in zip(reference.numeric, table.rows.tolist(), strict=True):
        if rows == 0 and sum(numeric.counts):
            yield _fault(
                DataFaultKind.SCHEMA_BREAK,
                numeric.name,
                f"has no value in {panes.rows} rows; the reference has {sum(numeric.counts)}",
            )
    for categorical in reference.categorical:
        counts = panes.categorical.get(categorical.name, {})
        known = sum(counts.values()) - counts.get(OTHER, 0)
        unknown = 1 - known / panes.rows
        if unknown > MOST_UNKNOWN:
            yield _fault(
                DataFaultKind.SCHEMA_BREAK,
                categorical.name,
                f"has categories that the reference does not know in {unknown:.0%} of "
                f"{panes.rows} rows, allows {MOST_UNKNOWN:.0%}",
            )


def changed_units(
    reference: ReferenceProfile, table: NumericTable, parts: WindowParts
) -> Iterator[DataFault]:
    """Yield features that moved as a conversion moves them, in all of a window or in parts of it.

    See `unit_change` and `unit_step`.
    """
    units = [numeric.unit for numeric in reference.numeric]
    whole = unit_changes(table, units)
    for change in whole:
        numeric, conversion = reference.numeric[change.feature], change.conversion
        yield _fault(
            DataFaultKind.UNIT_CHANGE,
            numeric.name,
            f"has mean {change.mean:.4g} and deviation {change.deviation:.4g} where the reference "
            f"has {numeric.mean:.4g} and {numeric.std:.4g}, as a change from {conversion.source} "
            f"to {conversion.target} would do",
        )
    named = {change.feature for change in whole}
    for step in unit_steps(table, parts, units):
        if step.feature not in named:
            yield _fault(
                DataFaultKind.UNIT_CHANGE,
                reference.numeric[step.feature].name,
                f"has mean {step.mean:.4g} {span_words(step.first_ns, step.last_ns)} and "
                f"{step.beside:.4g} beside that, as a change from {step.conversion.source} to "
                f"{step.conversion.target} would do",
            )


def stuck_sensors(
    reference: ReferenceProfile, table: NumericTable, parts: WindowParts
) -> Iterator[DataFault]:
    """Yield features that kept one value longer than they ever did before; see `stuck_sensor`."""
    longest = [numeric.constant_seconds for numeric in reference.numeric]
    for stuck in stuck_features(table, parts, longest):
        yield _fault(
            DataFaultKind.STUCK_SENSOR,
            reference.numeric[stuck.feature].name,
            f"is {stuck.value:.6g} in all {stuck.rows} rows "
            f"{span_words(stuck.first_ns, stuck.last_ns)}, {stuck.seconds:.0f} s; in the reference "
            f"it kept one value for at most {stuck.longest:.0f} s",
        )


def missing_bursts(reference: ReferenceProfile, table: NumericTable) -> Iterator[DataFault]:
    """Yield features that lack far more values than in the reference, but not all."""
    for index, numeric in enumerate(reference.numeric):
        missing, present = int(table.missing[index]), int(table.rows[index])
        rows = missing + present
        if rows < LEAST_ROWS or present == 0 or missing == 0:
            continue
        usual = numeric.missing / max(sum(numeric.counts) + numeric.missing, 1)
        share = missing / rows
        if share > usual + MORE_MISSING and bdtrc(missing - 1, rows, usual) < MISSING_BY_CHANCE:
            yield _fault(
                DataFaultKind.MISSING_BURST,
                numeric.name,
                f"lacks {share:.0%} of {rows} values, in the reference {usual:.0%}",
            )


def duplicate_replay(found: Repeated) -> Iterator[DataFault]:
    """Yield one fault where rows were sent again; see `duplicate_replay`."""
    if found.is_replay:
        worst = found.worst
        yield _fault(
            DataFaultKind.DUPLICATE_REPLAY,
            None,
            f"{found.share:.1%} of {len(found.rows)} rows, and {worst.share:.0%} in the worst "
            f"sixteenth, repeat the event time and score of an earlier arrival, allows "
            f"{MOST_REPEATED:.0%} and {MOST_REPEATED_OF_SPAN:.0%}; most "
            f"{span_words(worst.first_ns, worst.last_ns)}",
        )


def skewed_clock(records: RecordArrays, lateness_seconds: int) -> Iterator[DataFault]:
    """Yield one fault where event times disagree with arrivals; see `clock_skew`."""
    skew = clock_skew(records, lateness_seconds)
    if skew.is_wrong:
        worst = skew.worst
        yield _fault(
            DataFaultKind.CLOCK_SKEW,
            None,
            f"{skew.ahead:.1%} of {len(records)} rows have an event time after their arrival and "
            f"{skew.back:.1%} jump back, by up to {skew.worst_seconds:.0f} s, allows "
            f"{MOST_SKEWED:.0%}, and {MOST_SKEWED_OF_SPAN:.0%} in the worst sixteenth, which has "
            f"{worst.share:.0%}; most {span_words(worst.first_ns, worst.last_ns)}",
        )


def corrupt_labels(labelled: LabelledRows, tested: Counts) -> Iterator[DataFault]:
    """Yield one fault where labels contradict the surest decisions; see `corrupt_labels`.

    Args:
        labelled: the window's rows whose label has returned.
        tested: confusion counts of the champion's test split, [K, K].
    """
    found = find_contradiction(labelled, tested)
    if found is not None:
        shares = " and ".join(f"{share:.0%}" for share in found.wrong)
        before = " and ".join(f"{share:.0%}" for share in found.tested)
        yield _fault(
            DataFaultKind.CORRUPT_LABELS,
            None,
            f"labels contradict {shares} of the surer half of the decisions for either class, "
            f"{sum(found.rows)} of {len(labelled)} labelled rows, allows {MOST_WRONG:.0%}; on the "
            f"test split {before} of all decisions were wrong",
        )


def _fault(kind: DataFaultKind, feature: str | None, words: str) -> DataFault:
    """Return a fault with its next step."""
    named = words if feature is None else f"{feature} {words}"
    return DataFault(kind=kind, feature=feature, message=f"{named}: {NEXT_STEP[kind]}")
