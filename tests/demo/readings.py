"""What the signals of a DriftMonitor said of a window, while its status still keeps that."""

from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]


def readings_of(monitor: Body, end: str) -> dict[str, float]:
    """Return the largest value of each kind of signal for the window that ends then.

    A kind that was not measured is left out.
    """
    found: dict[str, float] = {}
    for kind, value in _measured(monitor, end):
        found[kind] = max(value, found.get(kind, value))
    return found


def _measured(monitor: Body, end: str) -> Iterator[tuple[str, float]]:
    """Yield kind and value of what was measured; a reading itself tells only its signal's name."""
    kinds = {signal["name"]: signal["kind"] for signal in monitor["spec"].get("signals", [])}
    windows = monitor.get("status", {}).get("evaluations", [])
    for reading in (one for item in windows if item["end"] == end for one in item["signals"]):
        known = reading["name"] in kinds and reading.get("value") is not None
        if known and reading["state"] == "Measured":
            yield kinds[reading["name"]], float(reading["value"])
