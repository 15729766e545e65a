"""Names of the model inputs that a Dataset's rules make, and which values each one sees."""

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab_stages.contract.features import Column, ColumnRole, ColumnType
from trimtab_stages.contract.ingest import CyclicPart, IngestRules

CALENDAR = {
    CyclicPart.HOUR_OF_DAY: "hour_of_day",
    CyclicPart.DAY_OF_WEEK: "day_of_week",
    CyclicPart.DAY_OF_YEAR: "day_of_year",
}


@dataclass(frozen=True, slots=True)
class Use:
    """Which values of which column a feature sees.

    Attributes:
        field: path of the rule that makes the feature.
        feature: name of the feature.
        column: name of the column.
        offsets: rows relative to the row itself: 0 is the row, negative is the past.
    """

    field: str
    feature: str
    column: str
    offsets: tuple[int, ...]


def input_columns(rules: IngestRules) -> list[Column]:
    """Return the columns that are model inputs themselves."""
    return [
        column
        for column in rules.columns
        if column.role is ColumnRole.FEATURE
        and column.type is not ColumnType.TIMESTAMP
        and column.name != rules.time.column
    ]


def uses(rules: IngestRules) -> Iterator[Use]:
    """Yield what every feature made of a column sees."""
    for column in input_columns(rules):
        yield Use(f"spec.columns[{column.name}].role", column.name, column.name, (0,))
    for place, lags in enumerate(rules.lags):
        for step in lags.steps:
            name = f"{lags.column}_lag{step}"
            yield Use(f"spec.lags[{place}].steps", name, lags.column, (-step,))
    for place, slopes in enumerate(rules.slopes):
        for step in slopes.steps:
            name = f"{slopes.column}_slope{step}"
            yield Use(f"spec.slopes[{place}].steps", name, slopes.column, (-step, 0))


def calendar_features(rules: IngestRules) -> list[str]:
    """Return the names of the calendar features."""
    parts = rules.cyclical.parts if rules.cyclical is not None else []
    return [f"{CALENDAR[part]}_{function}" for part in parts for function in ("sin", "cos")]


def numeric_features(rules: IngestRules) -> list[str]:
    """Return the names of all numeric model inputs."""
    categories = {item.name for item in rules.columns if item.type is ColumnType.CATEGORY}
    made = [use.feature for use in uses(rules)]
    return [name for name in made if name not in categories] + calendar_features(rules)


def category_features(rules: IngestRules) -> list[str]:
    """Return the names of all categorical model inputs."""
    columns = input_columns(rules)
    return [column.name for column in columns if column.type is ColumnType.CATEGORY]
