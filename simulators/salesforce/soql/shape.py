"""A query's shape: its text with the literals taken out, so that one compiled plan serves every poll."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "datetime", "date", "integer", "decimal"]

_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*')
    |(?<!\w)(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?<!\w)(?P<date>\d{4}-\d\d-\d\d)
    |(?<!\w)(?P<decimal>[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?\d+[eE][+-]?\d+)
    |(?<!\w)(?P<integer>[+-]?\d+)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*,\s*\Z")


@dataclass(frozen=True, slots=True)
class Given:
    """One literal as written: its kind, text and offset."""

    kind: Kind
    text: str
    at: int


Slot = list[Given]


def shape(query: str) -> tuple[str, list[Slot]]:
    """The query with literals replaced by markers, and the literals; a comma list of one kind is one slot.

    Two queries of one shape parse alike and differ in values only. Strings that are empty or not ASCII are marked,
    because they compile to other SQL.
    """
    parts: list[str] = []
    slots: list[Slot] = []
    done, last = 0, None
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup
        start, end = match.span()
        given = Given(kind, match.group(), start)  # type: ignore[arg-type]
        between = query[done:start]
        if last == kind and _BETWEEN.match(between):
            slots[-1].append(given)
            parts[-1] = f"{parts[-1].rstrip('+')}+"
        else:
            parts += (between, f"?{kind}")
            slots.append([given])
        if kind == "string" and (end - start == 2 or not given.text.isascii()):
            parts[-1] += "e" if end - start == 2 else "u"
        done, last = end, kind
    parts.append(query[done:])
    return "".join(parts), slots
