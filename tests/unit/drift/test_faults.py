"""Every fault on real rows that carry it, and none on those that do not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from support.cgm import cgm_rows, training_rows
from support.windows import Champion, Rows, inputs_of, reference_of, rows_of, spaced, together
from trimtab_stages.contract.monitoring import DataFault, DataFaultKind
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.faults import find_faults
from trimtab_stages.drift.parts import window_parts

RANDOM = np.random.default_rng(9)
F_SCALE, F_OFFSET = np.array([[1.8, 1, 1], [32, 0, 0]], dtype=np.float32)
DAY_NS = 86_400_000_000_000
SEASONS = rows_of(
    np.stack(
        [RANDOM.normal(15, 5, 4000), np.arange(4000) // 1440 % 2, RANDOM.normal(60, 3, 4000)],
        axis=1,
    ),
    ["temperature", "holiday", "humidity"],
    RANDOM.choice(["rain", "sun"], 4000).astype(object)[:, None],
)


PROFILE = reference_of(SEASONS)


def with_numeric(**changes: object) -> ReferenceProfile:
    numeric = [one.model_copy(update=changes) for one in PROFILE.numeric]
    return PROFILE.model_copy(update={"numeric": numeric})


def faults_of(window: Rows, profile: ReferenceProfile = PROFILE) -> list[DataFault]:
    inputs = inputs_of(window, Champion(profile))
    table = numeric_table(profile.numeric, inputs.panes)
    parts = window_parts(table.names, inputs.buckets)
    return find_faults(profile, table, inputs.panes, parts, inputs.records, 0)


def kinds(faults: list[DataFault]) -> list[tuple[DataFaultKind, str | None]]:
    return [(fault.kind, fault.feature) for fault in faults]


def window(rows: int = 500) -> Rows:
    return spaced(SEASONS.take(slice(1200, 1200 + rows)))


def without(share: float, rows: int = 500) -> Rows:
    values = window(rows).numeric.copy()
    values[: int(share * rows), 0] = np.nan
    return replace(window(rows), numeric=values)


def stuck(column: int, rows: int = 500, value: float = 17.0) -> Rows:
    values = window(rows).numeric.copy()
    values[:, column] = value
    return replace(window(rows), numeric=values)


def of_words(share: float) -> Rows:
    words = window().categorical.copy()
    words[: int(share * 500)] = "hail"
    return replace(window(), categorical=words)


def converted() -> Rows:
    return replace(window(), numeric=window().numeric * F_SCALE + F_OFFSET)


def sent_again() -> Rows:
    late = replace(window(), received_ns=window().received_ns + 5)
    return together(window(), late)


def ahead() -> Rows:
    return replace(window(), event_ns=window().event_ns + 3600 * 10**9)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(window(), [], id="nothing wrong"),
        pytest.param(without(1.0), [(DataFaultKind.SCHEMA_BREAK, "temperature")], id="no values"),
        pytest.param(without(1.0, rows=20), [], id="no values in few rows"),
        pytest.param(
            without(0.4), [(DataFaultKind.MISSING_BURST, "temperature")], id="four in ten missing"
        ),
        pytest.param(without(0.1), [], id="one in ten missing"),
        pytest.param(of_words(0.6), [(DataFaultKind.SCHEMA_BREAK, "kind0")], id="new categories"),
        pytest.param(of_words(0.4), [], id="some new categories"),
        pytest.param(stuck(0), [(DataFaultKind.STUCK_SENSOR, "temperature")], id="stuck"),
        pytest.param(stuck(0, rows=20), [], id="stuck for few rows"),
        pytest.param(stuck(1, value=1.0), [], id="a holiday lasts as long in the reference"),
        pytest.param(converted(), [(DataFaultKind.UNIT_CHANGE, "temperature")], id="another unit"),
        pytest.param(sent_again(), [(DataFaultKind.DUPLICATE_REPLAY, None)], id="sent again"),
        pytest.param(ahead(), [(DataFaultKind.CLOCK_SKEW, None)], id="an hour ahead"),
        pytest.param(window().take(slice(0, 0)), [], id="no rows"),
    ],
)
def test_each_fault_is_found_by_its_name(
    rows: Rows, expected: list[tuple[DataFaultKind, str | None]]
) -> None:
    assert kinds(faults_of(rows)) == expected


@pytest.mark.parametrize(
    ("usual", "found"), [pytest.param(0, True, id="never"), pytest.param(1500, False, id="often")]
)
def test_missing_values_are_compared_with_the_reference(usual: int, *, found: bool) -> None:
    assert bool(faults_of(without(0.4), with_numeric(missing=usual))) == found


def test_a_sensor_is_not_called_stuck_where_nobody_knows_how_long_it_may_rest() -> None:
    assert faults_of(stuck(0), with_numeric(constant_seconds=None)) == []


def test_a_feature_that_no_pane_knows_is_a_broken_schema() -> None:
    narrow = replace(window(), numeric=window().numeric[:, :2], names=("temperature", "holiday"))

    assert kinds(faults_of(narrow)) == [(DataFaultKind.SCHEMA_BREAK, "humidity")]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (without(0.4), "temperature lacks 40% of 500 values, in the reference 0%"),
        (of_words(0.6), "kind0 has categories that the reference does not know in 60% of 500 rows"),
        (stuck(0), "temperature is 17 in all 500 rows from 2026-11-02T00:00:00Z to"),
        (converted(), "as a change from degC to degF would do"),
        (sent_again(), "of 1000 rows, and 50% in the worst sixteenth, repeat the event time"),
        (ahead(), "100.0% of 500 rows have an event time after their arrival"),
    ],
    ids=["missing", "schema", "stuck", "unit", "again", "clock"],
)
def test_messages_say_the_numbers(rows: Rows, words: str) -> None:
    (fault,) = faults_of(rows)

    assert words in fault.message


def real_windows(days: int) -> list[Rows]:
    rows = cgm_rows()
    rest = rows.take(slice(training_rows(rows), len(rows)))
    number = (rest.event_ns - rest.event_ns[0]) // (days * DAY_NS)
    return [rest.take(np.flatnonzero(number == index)) for index in np.unique(number)[::2].tolist()]


@pytest.mark.parametrize("days", [1, 7, 30])
def test_real_drift_is_no_fault(days: int) -> None:
    rows = cgm_rows()
    reference = reference_of(rows.take(slice(0, training_rows(rows))))
    found = [fault for one in real_windows(days) for fault in faults_of(one, reference)]

    assert found == []


Damage = Callable[[Rows], Rows]


def _glucose(change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    def damage(rows: Rows) -> Rows:
        values = rows.numeric.copy()
        values[:, 0] = change(values[:, 0])
        return replace(rows, numeric=values)

    return damage


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        pytest.param(_glucose(lambda v: v / 18.0156), DataFaultKind.UNIT_CHANGE, id="mmol/L"),
        pytest.param(_glucose(lambda v: v * 0 + v[0]), DataFaultKind.STUCK_SENSOR, id="stuck"),
        pytest.param(
            _glucose(lambda v: np.where(np.arange(len(v)) % 2, v, np.nan)),
            DataFaultKind.MISSING_BURST,
            id="every other value missing",
        ),
        pytest.param(_glucose(lambda v: v * np.nan), DataFaultKind.SCHEMA_BREAK, id="all missing"),
    ],
)
def test_real_rows_that_are_damaged_are_found(damage: Damage, kind: DataFaultKind) -> None:
    rows = cgm_rows()
    reference = reference_of(rows.take(slice(0, training_rows(rows))))
    windows = [one for one in real_windows(7) if len(one) > 500]
    found = [kinds(faults_of(damage(one), reference)) for one in windows]

    assert len(windows) >= 7
    assert sum(one == [(kind, "glucose")] for one in found) >= 0.9 * len(windows)
