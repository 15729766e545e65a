"""Units that values can be converted between, and be mistaken for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit on its dimension's scale: base value = factor * value + offset.

    Sources of the factors: SI brochure (BIPM, 9th edition) and NIST SP 811, appendix B;
    glucose by its molar mass of 180.156 g/mol.
    """

    dimension: str
    factor: float
    offset: float = 0.0


UNITS: dict[str, Unit] = {
    "K": Unit("temperature", 1.0),
    "degC": Unit("temperature", 1.0, 273.15),
    "degF": Unit("temperature", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
    "mm": Unit("length", 0.001),
    "cm": Unit("length", 0.01),
    "m": Unit("length", 1.0),
    "km": Unit("length", 1000.0),
    "in": Unit("length", 0.0254),
    "ft": Unit("length", 0.3048),
    "mi": Unit("length", 1609.344),
    "m/s": Unit("speed", 1.0),
    "km/h": Unit("speed", 1.0 / 3.6),
    "mph": Unit("speed", 0.44704),
    "kn": Unit("speed", 1852.0 / 3600.0),
    "Pa": Unit("pressure", 1.0),
    "hPa": Unit("pressure", 100.0),
    "mbar": Unit("pressure", 100.0),
    "kPa": Unit("pressure", 1000.0),
    "bar": Unit("pressure", 100_000.0),
    "MPa": Unit("pressure", 1_000_000.0),
    "psi": Unit("pressure", 6894.757),
    "mmHg": Unit("pressure", 133.3224),
    "mg/dL": Unit("glucose", 1.0),
    "mmol/L": Unit("glucose", 18.0156),
    "g": Unit("mass", 0.001),
    "kg": Unit("mass", 1.0),
    "lb": Unit("mass", 0.45359237),
    "t": Unit("mass", 1000.0),
    "W": Unit("power", 1.0),
    "kW": Unit("power", 1000.0),
    "MW": Unit("power", 1_000_000.0),
    "ms": Unit("duration", 0.001),
    "s": Unit("duration", 1.0),
    "min": Unit("duration", 60.0),
    "h": Unit("duration", 3600.0),
    "d": Unit("duration", 86_400.0),
    "1": Unit("ratio", 1.0),
    "%": Unit("ratio", 0.01),
    "ppm": Unit("ratio", 1e-6),
    "deg": Unit("angle", 0.017453292519943295),
    "rad": Unit("angle", 1.0),
    "rpm": Unit("rotation", 1.0),
    "Hz": Unit("rotation", 60.0),
}
