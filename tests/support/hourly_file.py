"""A month of hours as CSV, and the Dataset that reads it: the good input that tests spoil."""

from copy import deepcopy
from typing import Any

KEY = "raw/case.csv"

CSV = "ts,count,tmax,energy\n" + "".join(
    f"2024-01-{day:02d} {hour:02d}:00:00,{(day * 7 + hour) % 23},{day % 9 + hour / 10},"
    f"{(day % 9 + hour / 10) * 9e36:g}\n"
    for day in range(1, 29)
    for hour in range(24)
)
"""`energy` is in a unit so small that squares of its values overflow."""

SPEC: dict[str, Any] = {
    "source": {"uri": KEY},
    "columns": [
        {"name": "count", "role": "Source", "availability": "After"},
        {"name": "tmax", "unit": "degC", "availability": "KnownInAdvance"},
    ],
    "time": {"column": "ts", "grid": {"intervalSeconds": 3600}},
    "target": {"name": "busy", "column": "count", "kind": "Above", "trainQuantile": "0.5"},
    "compute": {"cpu": "200m", "memory": "512Mi", "maxAttempts": 1},
}


def hourly_dataset(name: str, change: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the Dataset with changed fields: mappings are merged, anything else is replaced."""
    spec = deepcopy(SPEC)
    for field, value in (change or {}).items():
        old = spec.get(field)
        spec[field] = {**old, **value} if isinstance(old, dict) else value
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "Dataset",
        "metadata": {"name": name},
        "spec": spec,
    }
