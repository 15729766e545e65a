"""Served traffic in a store: captured rows and labels, as pods write them."""

import base64
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from support.ingesting import SECOND, make_rules
from trimtab_stages.contract import layout
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.store import Store

MODEL = "bikes"
VERSION, OTHER_VERSION = (f"sha256:{digit * 64}" for digit in "ab")
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = 3600
BUCKET = 6 * HOUR
FILE_HOURS = 200
RULES = make_rules(
    columns=[
        {"name": "x", "role": "Source", "availability": "After"},
        {"name": "z", "range": {"min": "-10", "max": "10"}},
        {"name": "c", "type": "Category", "categories": ["dry", "wet"]},
        {"name": "site", "type": "Category", "role": "Protected"},
    ],
    time={"column": "ts", "grid": {"intervalSeconds": HOUR}},
    lags=[],
    cyclical={"parts": ["HourOfDay"]},
    target={"name": "busy", "column": "x", "kind": "Above", "trainQuantile": "0.5"},
)
NUMERIC = ["z", "hour_of_day_sin", "hour_of_day_cos"]


@dataclass(frozen=True, slots=True)
class Served:
    """One answered row and what came back for it.

    Attributes:
        id: inference id of its request.
        hour: event time, hours after `BEGIN`.
        label: class name, None where none came back.
        z: the feature `z`.
        c: the feature `c`.
        shadow: scored in the shadow of another version.
        version: who answered or scored it.
    """

    id: str
    hour: float
    label: str | None = "1"
    z: float = 0.5
    c: str = "wet"
    shadow: bool = False
    version: str = VERSION

    @property
    def time_ns(self) -> int:
        return int(time_of(self.hour).timestamp()) * SECOND


def time_of(hour: float) -> datetime:
    """Return so many hours after `BEGIN`."""
    return BEGIN + timedelta(hours=hour)


def file_text(hours: int = FILE_HOURS) -> str:
    """Return a source of hourly rows: `x` swings around 50, `z` and `c` tell a little of it."""
    lines = ["ts,x,z,c,site"]
    for hour in range(hours):
        x = 50 + 40 * np.sin(hour / 3) + hour % 7
        z, c = hour % 13 / 13 + hour % 2, ("dry", "wet")[hour % 3 == 0]
        lines.append(f"{time_of(hour):%Y-%m-%d %H:%M:%S},{x:.3f},{z:.4f},{c},a")
    return "\n".join(lines) + "\n"


def traffic(first: int, last: int) -> list[Served]:
    """Return one labelled row for every hour of [first, last)."""
    return [
        Served(f"r{hour}", hour, str(hour % 2), z=hour % 11 / 10, c=("dry", "wet")[hour % 5 == 0])
        for hour in range(first, last)
    ]


def make_plan(through: float, policy: str = "SinceLastSnapshot", **fields: object) -> CapturePlan:
    """Return a plan for rows before so many hours after `BEGIN`."""
    given = {"model": MODEL, "policy": policy, "through": time_of(through)} | fields
    return CapturePlan.model_validate(given)


def write_traffic(
    store: Store, rows: Sequence[Served], pod_of: Callable[[int], str] = lambda _: "pod-0"
) -> None:
    """Write captured rows, an object for each pod, version and bucket, and each pod's labels.

    Args:
        store: where to.
        rows: in the order of their arrival.
        pod_of: name of the pod that answered the row of that number.
    """
    objects: defaultdict[tuple[str, str, bool, int], list[int]] = defaultdict(list)
    labels: defaultdict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        bucket = row.time_ns // SECOND // BUCKET * BUCKET
        objects[pod_of(number), row.version, row.shadow, bucket].append(number)
        if row.label is not None and not row.shadow:
            labels[pod_of(number)].append(number)
    for (pod, version, shadow, bucket), numbers in objects.items():
        writer = f"{pod}-{'shadow' if shadow else 'answered'}-{numbers[0]:08d}"
        key = layout.captured(MODEL, version, bucket, writer)
        store.put_if_absent(key, captured(rows, numbers).to_bytes())
    for pod, numbers in labels.items():
        told = [Label(id=rows[n].id, label=str(rows[n].label)) for n in numbers]
        write_labels(store, told, received_ns=numbers[0], writer=f"{pod}-{numbers[0]:08d}")


def captured(rows: Sequence[Served], numbers: Sequence[int]) -> CapturedRows:
    """Return the object that holds some rows of one version."""
    held = [rows[number] for number in numbers]
    angles = np.array([row.hour % 24 / 24 * 2 * np.pi for row in held])
    numeric = np.stack([np.array([row.z for row in held]), np.sin(angles), np.cos(angles)], axis=1)
    return CapturedRows(
        model=MODEL,
        version=held[0].version,
        shadow=held[0].shadow,
        ids=[f"{row.id}#0" for row in held],
        event_time_ns=[row.time_ns for row in held],
        received_ns=list(numbers),
        numeric_columns=NUMERIC,
        numeric=base64.b64encode(numeric.astype("<f4").tobytes()).decode(),
        categorical_columns=["c"],
        categorical=[[row.c] for row in held],
        scores="",
    )


def write_labels(
    store: Store, labels: Sequence[Label], *, received_ns: int, writer: str = "pod-9-00000000"
) -> None:
    """Write a batch of returned labels."""
    batch = FeedbackBatch(model=MODEL, received_ns=received_ns, labels=list(labels))
    store.put_if_absent(layout.feedback(MODEL, "2025-01-09", writer), batch.to_bytes())
