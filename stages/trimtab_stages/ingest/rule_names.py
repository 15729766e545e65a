"""Names of the rules, as they stand in quarantine, counts and reports."""

from enum import StrEnum


class Rule(StrEnum):
    """A rule that can reject, change or set aside rows, in the order in which they act."""

    MALFORMED = "Malformed"
    """The line does not have the header's number of fields."""
    TIMESTAMP = "Timestamp"
    """The event time cannot be read, or never existed in its time zone."""
    FUTURE_TIMESTAMP = "FutureTimestamp"
    """The event time lies after the time of ingestion."""
    CAST = "Cast"
    """A cell does not have its column's type."""
    UNITS = "Units"
    """Values are converted from sourceUnit to unit."""
    RANGE = "Range"
    """A number lies outside its column's range."""
    CATEGORY = "Category"
    """A value is none of the column's categories."""
    DUPLICATES = "Duplicates"
    """Another row has the same key."""
    OFF_GRID = "OffGrid"
    """The row is too far from a grid point, or another row is nearer to it."""
    MISSING = "Missing"
    """A model input has no value."""
    FEATURES = "Features"
    """Derived features; rows without the history that they need are set aside."""
    TARGET = "Target"
    """The target; rows outside `when` or without a full horizon are set aside."""
    SPLIT = "Split"
    """Temporal split; rows in the embargo are set aside."""
