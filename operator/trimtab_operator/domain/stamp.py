"""How an instant is written in messages."""

from datetime import datetime


def stamp(instant: datetime) -> str:
    """Return an instant in UTC to the second, RFC 3339."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
