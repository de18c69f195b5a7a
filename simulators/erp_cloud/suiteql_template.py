"""Queries that differ only in their constants share one translation: constants become parameters."""

import re
from dataclasses import dataclass
from typing import Any

_PART = re.compile(
    r"""(?P<name>"[^"]*")|'(?P<text>(?:[^']|'')*)'|(?P<mark>\?)|(?P<operator>[<>=])\s*(?P<number>\d+(?:\.\d+)?)(?![\w.])"""
)
_UNSAFE = re.compile(r"--|/\*|\b[qn]'|\brownum\b|\b(?:date|timestamp|interval)\s*'", re.IGNORECASE)
GIVEN = object()  # a slot that the caller's own parameters fill


@dataclass(frozen=True)
class Template:
    """A query text with `?` for its constants, and what goes into each slot."""

    text: str
    slots: tuple[Any, ...]

    def bind(self, params: list[Any]) -> list[Any]:
        """The parameters of all slots; `params` are the caller's, in order."""
        given = iter(params)
        return [next(given) if slot is GIVEN else slot for slot in self.slots]

    @property
    def needed(self) -> int:
        """How many parameters the caller must give."""
        return sum(slot is GIVEN for slot in self.slots)


def template(text: str) -> Template | None:
    """Take the constants out; None where a constant's place has a meaning of its own (ROWNUM, comments, DATE '…')."""
    if _UNSAFE.search(text):
        return None
    slots: list[Any] = []

    def take(part: re.Match[str]) -> str:
        if part["name"] is not None:
            return part[0]
        if part["mark"] is not None:
            slots.append(GIVEN)
            return "?"
        if part["text"] is not None:
            slots.append(part["text"].replace("''", "'"))
            return "?"
        slots.append(float(part["number"]) if "." in part["number"] else int(part["number"]))
        return f"{part['operator']} ?"

    return Template(_PART.sub(take, text), tuple(slots))
