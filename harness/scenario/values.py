"""Small values that stories are written in: durations, moments, names."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


def seconds(value: Any) -> float:
    """`90s`, `15m`, `6h`, `1d`, `2w`, or several of them (`1d 12h`), in seconds; a bare number is seconds."""
    if isinstance(value, bool):
        raise ValueError("should be a duration such as 90s, 15m, 6h or 1d")
    if isinstance(value, int | float):
        return float(value)
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise ValueError("should be a duration such as 90s, 15m, 6h or 1d")
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def moment(value: Any) -> float:
    """An ISO date or date-time as epoch seconds; without a zone it is UTC, a date is its midnight."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("should be a date-time such as 2026-01-05T09:00:00Z")
    if isinstance(value, int | float):
        return float(value)
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("should be a date-time such as 2026-01-05T09:00:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def iso(at: float) -> str:
    """Epoch seconds as 2026-01-05T09:00:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Seconds = Annotated[float, BeforeValidator(seconds)]
Moment = Annotated[float, BeforeValidator(moment)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
"""What a story calls a customer, a deal or a disturbance."""
Names = Annotated[
    tuple[Name, ...], Field(min_length=1), BeforeValidator(lambda said: [said] if isinstance(said, str) else said)
]
"""One name or several, as a step may say either."""
