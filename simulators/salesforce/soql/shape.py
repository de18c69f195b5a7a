"""A query's shape: its text with the literals taken out, so that one compiled plan serves every poll."""

import re
from typing import Literal, NamedTuple

Kind = Literal["string", "datetime", "date", "integer", "decimal"]

# One character class begins every alternative, so that the scan for the next candidate runs in C; what follows a
# letter, digit or point is a part of a name or path. A string that nobody ends is one candidate to the end of the
# text: a scan that began anew at each quote within it would take time by the square of its length.
_CANDIDATE = re.compile(r"'(?:[^'\\]|\\.)*+(?:'|(?P<open>\\?\Z))|[0-9.+-](?<![\w.+-].)[\w:.+-]*", re.DOTALL)
_NUMBER = re.compile(
    r"""(?P<integer>[+-]?\d+)
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<decimal>[+-]?(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?\d+[eE][+-]?\d+)""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_BETWEEN = re.compile(r"\s*,\s*\Z")


class Given(NamedTuple):
    """One literal as written: its kind, text and offset."""

    kind: Kind
    text: str
    at: int


Slot = list[Given]


Shape = tuple[str, tuple[str, ...]]
"""A text with a question mark for each slot, and what the slots hold. SOQL itself has no question marks, so a text
that brings its own has more of them than slots and never equals the shape of a query that was understood."""


def shape(query: str) -> tuple[Shape, list[Slot]]:
    """The query's shape and its literals; a comma list of one kind is one slot.

    Two queries of one shape parse alike and differ in values only. Strings that are empty or not ASCII are marked,
    because they compile to other SQL.
    """
    parts: list[str] = []
    marks: list[str] = []
    slots: list[Slot] = []
    done, last = 0, None
    for match in _CANDIDATE.finditer(query):
        start, end = match.span()
        text = match.group()
        kind = None if match["open"] is not None else _kind(text)
        if kind is None:
            continue
        given = Given(kind, text, start)
        between = query[done:start]
        if last == kind and _BETWEEN.match(between):
            slots[-1].append(given)
            marks[-1] = f"{marks[-1].rstrip('+')}+"
        else:
            parts.append(between)
            marks.append(kind)
            slots.append([given])
        if kind == "string" and (end - start == 2 or not text.isascii()):
            marks[-1] += "e" if end - start == 2 else "u"
        done, last = end, kind
    parts.append(query[done:])
    return ("?".join(parts), tuple(marks)), slots


def _kind(candidate: str) -> Kind | None:
    """What literal a candidate is; None for what the parser will refuse."""
    if candidate[0] == "'":
        return "string"
    found = _NUMBER.fullmatch(candidate)
    return found.lastgroup if found else None  # type: ignore[return-value]
