"""Which columns the rules need, and whether a file has them."""

from collections import Counter
from collections.abc import Sequence

from trimtab_stages.contract.features import Column, ColumnRole, ColumnType
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason

SHOWN_COLUMNS = 40


def source_headers(rules: IngestRules) -> dict[str, str]:
    """Return the header in the source for all columns to read, by name, the event time first."""
    headers = {rules.time.column: rules.time.column}
    return headers | {column.name: column.source_name or column.name for column in rules.columns}


def data_columns(rules: IngestRules) -> list[Column]:
    """Return the declared columns without the event time."""
    return [column for column in rules.columns if column.name != rules.time.column]


def input_columns(rules: IngestRules) -> list[Column]:
    """Return the columns that are model inputs themselves: role Feature, not the target."""
    return [
        column
        for column in data_columns(rules)
        if column.role is ColumnRole.FEATURE and column.type is not ColumnType.TIMESTAMP
    ]


def check_columns(present: Sequence[str], wanted: Sequence[str], file: str) -> None:
    """Refuse a file without a declared column, or with two of that name.

    Raises:
        StageError: MissingColumn, naming the columns that exist; UnreadableFile for doubles.
    """
    counts = Counter(present)
    if missing := [name for name in wanted if counts[name] == 0]:
        raise StageError(
            StageReason.MISSING_COLUMN,
            f"{file} has no column {', '.join(missing)}; it has {_shown(present)}."
            " Correct `spec.columns[].name`, `spec.columns[].sourceName` or `spec.time.column`, or"
            " the file.",
        )
    if double := [name for name in wanted if counts[name] > 1]:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"{file} has more than one column {', '.join(double)}; rename them in the file.",
        )


def _shown(names: Sequence[str]) -> str:
    if not names:
        return "no columns at all"
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return ", ".join(names[:SHOWN_COLUMNS]) + more
