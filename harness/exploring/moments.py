"""Moments as a standing has them: each counts as the quarter of an hour in which it lies."""

import re
from calendar import timegm
from typing import Any

GRAIN_S = 900  # the shortest bound of a judge
OFFSET_S = 450  # stories begin at full hours: what happens then and soon after is of one grain
_MOMENTS = {"due", "due_at", "first_at", "settled_at", "opened_at", "resolved_at", "at", "marked_at", "time"}
_SAID = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|([+-]\d\d):?(\d\d))?")
_SECONDS = re.compile(
    r'((?:at|art|end|on|time|since|term|expires|mtime|from|to|date)\\*": ?)(1\d{9}(?:\.\d+)?)(?![\d.])'
)
_MILLISECONDS = re.compile(r"(?<!\d)1[5-9]\d{11}(?!\d)")
_FILE_NUMBER = re.compile(r'"id":\d+,"place"')


def moment(at: float) -> str:
    """The grain in which it lies."""
    return f"t{int((at + OFFSET_S) // GRAIN_S)}"


def cell(name: str, value: Any) -> str:
    """A value as it counts, by the name of its column: what it says of moments by their grain."""
    if isinstance(value, int | float):
        return moment(value) if name in _MOMENTS else str(value)
    text = value if isinstance(value, str) else str(value)
    text = _SAID.sub(_said, text)
    text = _SECONDS.sub(lambda found: found[1] + moment(float(found[2])), text)
    text = _MILLISECONDS.sub(lambda found: moment(float(found[0]) / 1000), text)
    return _FILE_NUMBER.sub('"place"', text)


def _said(found: re.Match[str]) -> str:
    year, month, day, hour, minute = (int(part) for part in found.group(1, 2, 3, 4, 5))
    ahead = 60 * int(found[7]) + int(f"{found[7][0]}{found[8]}") if found[7] else 0
    return moment(timegm((year, month, day, hour, minute, int(found[6] or 0))) - 60 * ahead)
