"""Faults of the data of a window: they say nothing about the model, and block retraining.

Every fault needs 30 rows. Thresholds are far from chance and from honest drift; a fault that is
found holds a decision up until a person looks.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import bdtrc

from trimtab_stages.contract.monitoring import DataFault, DataFaultKind
from trimtab_stages.contract.pane import OTHER
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.clock_skew import MOST_SKEWED, clock_skew
from trimtab_stages.drift.duplicate_replay import MOST_REPEATED, repeated_share
from trimtab_stages.drift.merge import MergedPanes
from trimtab_stages.drift.records import RecordArrays
from trimtab_stages.drift.unit_change import unit_changes

LEAST_ROWS = 30
MOST_UNKNOWN = 0.5
"""Share of unknown categories above which a feature's schema is broken."""
MORE_MISSING = 0.2
"""Missing share above the reference's from which values have gone missing."""
MISSING_BY_CHANCE = 1e-6
"""Probability of as many missing values by chance below which they are a burst."""
VARIES_WITHIN = 2.0
"""A stuck feature kept one value this many times longer than it ever did in the reference."""
SAME_VALUE = 1e-6
"""Range, in reference deviations, up to which values are one value."""


def find_faults(
    reference: ReferenceProfile,
    table: NumericTable,
    panes: MergedPanes,
    records: RecordArrays,
    lateness_seconds: int,
) -> list[DataFault]:
    """Return all faults of a window, by kind and feature.

    Args:
        reference: what the champion was trained on.
        table: its numeric features in the window.
        panes: the window's merged panes.
        records: the window's decision records.
        lateness_seconds: how late rows may be, seconds.
    """
    return [
        *schema_breaks(reference, table, panes),
        *changed_units(reference, table),
        *stuck_sensors(reference, table, panes),
        *missing_bursts(reference, table),
        *duplicate_replay(records),
        *skewed_clock(records, lateness_seconds),
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


def changed_units(reference: ReferenceProfile, table: NumericTable) -> Iterator[DataFault]:
    """Yield features that moved as a known conversion moves them; see `unit_change`."""
    for change in unit_changes(table, [numeric.unit for numeric in reference.numeric]):
        numeric, conversion = reference.numeric[change.feature], change.conversion
        yield _fault(
            DataFaultKind.UNIT_CHANGE,
            numeric.name,
            f"has mean {change.mean:.4g} and deviation {change.deviation:.4g} where the reference "
            f"has {numeric.mean:.4g} and {numeric.std:.4g}, as a change from {conversion.source} "
            f"to {conversion.target} would do",
        )


def stuck_sensors(
    reference: ReferenceProfile, table: NumericTable, panes: MergedPanes
) -> Iterator[DataFault]:
    """Yield features with one value in the window, longer than they ever kept one before.

    Features that are constant for days, such as a month or a holiday, are told from stuck ones by
    the reference's longest constant time; without that nothing is said.
    """
    seconds = (panes.last_event_ns - panes.first_event_ns) / 1e9
    one_value = (table.high - table.low <= SAME_VALUE * table.std) & (table.std > 0)
    for index in np.flatnonzero(one_value & (table.rows >= LEAST_ROWS)).tolist():
        numeric = reference.numeric[index]
        longest = numeric.constant_seconds
        if longest is not None and seconds > VARIES_WITHIN * longest:
            yield _fault(
                DataFaultKind.STUCK_SENSOR,
                numeric.name,
                f"is {table.low[index]:.6g} in all {table.rows[index]} rows of {seconds:.0f} s; in "
                f"the reference it kept one value for at most {longest:.0f} s",
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


def duplicate_replay(records: RecordArrays) -> Iterator[DataFault]:
    """Yield one fault where rows were sent again; see `duplicate_replay.repeated_share`."""
    share = repeated_share(records)
    if share > MOST_REPEATED:
        yield _fault(
            DataFaultKind.DUPLICATE_REPLAY,
            None,
            f"{share:.0%} of {len(records)} rows repeat the event time and score of an earlier "
            f"arrival, allows {MOST_REPEATED:.0%}",
        )


def skewed_clock(records: RecordArrays, lateness_seconds: int) -> Iterator[DataFault]:
    """Yield one fault where event times disagree with arrivals; see `clock_skew`."""
    skew = clock_skew(records, lateness_seconds)
    if max(skew.ahead, skew.back) > MOST_SKEWED:
        yield _fault(
            DataFaultKind.CLOCK_SKEW,
            None,
            f"{skew.ahead:.1%} of {len(records)} rows have an event time after their arrival and "
            f"{skew.back:.1%} jump back, by up to {skew.worst_seconds:.0f} s, allows "
            f"{MOST_SKEWED:.0%}",
        )


def _fault(kind: DataFaultKind, feature: str | None, words: str) -> DataFault:
    message = words if feature is None else f"{feature} {words}"
    return DataFault(kind=kind, feature=feature, message=message)
