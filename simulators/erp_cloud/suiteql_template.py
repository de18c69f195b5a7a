"""Queries that differ only in their constants share one translation: constants become parameters."""

import re
from dataclasses import dataclass
from typing import Any

_MARK_OR_NUMBER = re.compile(r"([?<>=])(?:\s*(\d+(?:\.\d+)?)(?![\w.]))?")
_TYPED = re.compile(r"(?:^|\W)(?:[qn]|date|timestamp|interval)\s*$", re.IGNORECASE)  # DATE '2026-01-31' and its like
_OPAQUE = ('"', "--", "/*", "ROWNUM", "rownum", "Rownum")
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
    """Take the constants out; None where one's place has a meaning of its own (ROWNUM, comments, DATE '…')."""
    if any(mark in text for mark in _OPAQUE):
        return None
    parts = text.split("'")  # code and constants in turn; '' inside a constant leaves empty code between two halves
    if len(parts) % 2 == 0:
        return None
    slots: list[Any] = []

    def take(found: re.Match[str]) -> str:
        mark, number = found.groups()
        if mark == "?":
            slots.append(GIVEN)
            return "?" + found[0][1:]
        if number is None:
            return found[0]
        slots.append(float(number) if "." in number else int(number))
        return f"{mark} ?"

    shape = [_MARK_OR_NUMBER.sub(take, parts[0])]
    at = 1
    while at < len(parts):
        if _TYPED.search(shape[-1][-12:]):
            return None
        constant = parts[at]
        while at + 2 < len(parts) and parts[at + 1] == "":
            constant, at = f"{constant}'{parts[at + 2]}", at + 2
        slots.append(constant)
        shape.append("?" + _MARK_OR_NUMBER.sub(take, parts[at + 1]))
        at += 2
    return Template("".join(shape), tuple(slots))
