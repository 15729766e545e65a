"""Real rows: glucose of one person every five minutes, with a simple model's answers."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from support.windows import Rows

PATH = Path(__file__).parent / "data" / "CGM.csv.gz"
TRAINING_DAYS = 42
LOW = 70
AHEAD = 6
NAMES = (
    "glucose",
    "isig",
    "lag1",
    "lag3",
    "lag6",
    "lag12",
    "slope3",
    "slope6",
    "slope12",
    "hour_sin",
    "hour_cos",
    "ratio",
)


@cache
def cgm_rows() -> Rows:
    """Return all rows in time order: will there be a low within half an hour?

    Scores come from a logistic regression on the first 42 days; its threshold splits those days'
    classes best.
    """
    table = pd.read_csv(PATH, parse_dates=["datetime"], na_values=["nil"]).dropna()
    table = table.drop_duplicates("datetime").sort_values("datetime")
    glucose = table["glucose"].to_numpy(float)
    isig = table["isig"].to_numpy(float)
    time_ns = table["datetime"].to_numpy("datetime64[ns]").astype(np.int64)
    numeric = _features(glucose, isig, time_ns)
    future = np.min([np.roll(glucose, -step) for step in range(1, AHEAD + 1)], axis=0)
    kept = np.flatnonzero(glucose >= LOW)
    kept = kept[(kept >= 12) & (kept < len(glucose) - AHEAD)]
    truth = (future[kept] < LOW).astype(np.int64)
    scores, threshold = _answers(numeric[kept], truth, time_ns[kept])
    return Rows(
        numeric=numeric[kept],
        categorical=np.empty((len(kept), 0), object),
        scores=scores,
        decided=(scores >= threshold).astype(np.int64),
        truth=truth,
        event_ns=time_ns[kept],
        received_ns=time_ns[kept] + 1_000_000_000,
        names=NAMES,
    )


def training_rows(rows: Rows) -> int:
    """Return how many rows lie in the first 42 days."""
    until = rows.event_ns[0] + TRAINING_DAYS * 86_400_000_000_000
    return int(np.searchsorted(rows.event_ns, until))


def _features(glucose: np.ndarray, isig: np.ndarray, time_ns: np.ndarray) -> np.ndarray:
    angle = (time_ns // 1_000_000_000 % 86_400) / 86_400 * 2 * np.pi
    columns = [glucose, isig]
    columns += [np.roll(glucose, step) for step in (1, 3, 6, 12)]
    columns += [(glucose - np.roll(glucose, step)) / step for step in (3, 6, 12)]
    columns += [np.sin(angle), np.cos(angle), glucose / np.maximum(isig, 1)]
    return np.stack(columns, axis=1).astype(np.float32)


def _answers(
    numeric: np.ndarray, truth: np.ndarray, time_ns: np.ndarray
) -> tuple[np.ndarray, float]:
    training = time_ns < time_ns[0] + TRAINING_DAYS * 86_400_000_000_000
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    model.fit(numeric[training], truth[training])
    return model.predict_proba(numeric)[:, 1].astype(np.float32), 0.5
