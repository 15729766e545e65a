"""The one order of rows, whatever the order of files and lines was."""

from dataclasses import replace

import numpy as np

from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.ingest.duplicates import series_of
from trimtab_stages.ingest.frame import Codes, Frame, Numbers, Whole


def sort_rows(frame: Frame, rules: IngestRules) -> Frame:
    """Return the rows by series and time; rows of one instant are ordered by their values."""
    frame = replace(frame, series=series_of(frame, rules))
    frame = frame.take(np.lexsort((frame.time_ns, frame.series)))
    tied = (np.diff(frame.time_ns) == 0) & (np.diff(frame.series) == 0)
    return frame.take(_by_values(frame)) if tied.any() else frame


def _by_values(frame: Frame) -> Whole:
    codes = [column.codes for column in frame.categories.values()]
    values: list[Numbers | Whole | Codes] = [
        frame.source,
        *codes,
        *frame.numbers.values(),
        frame.time_ns,
        frame.series,
    ]
    return np.lexsort(values)
