"""Sublist semantics of a partial write: with a line number update, without one add, or replace the whole list."""

from collections.abc import Mapping
from typing import Any

from simulators.erp_cloud.errors import Problem, Refused, invalid_value
from simulators.erp_cloud.schemas import Field

Doc = dict[str, Any]

KEYED = {"apply": "doc", "currencyList": "currency"}  # lists whose lines are known by a reference, not by number


def merged(before: Doc, values: Mapping[str, Any], fields: Mapping[str, Field], replace: frozenset[str]) -> Doc:
    """The document after a write. A retried write with lines adds its lines again unless `replace` names the list."""
    doc = dict(before)
    for name, value in values.items():
        one = fields[name.lower()]
        if value is None:
            doc.pop(name, None)
        elif one.type == "sublist":
            old = [] if name.lower() in replace else [dict(line) for line in before.get(name) or ()]
            doc[name] = _lines(name, old, value)
        elif one.type == "subrecord":
            doc[name] = {**before.get(name, {}), **{key: part for key, part in value.items() if part is not None}}
        else:
            doc[name] = value
    return doc


def _lines(name: str, lines: list[Doc], incoming: list[Doc]) -> list[Doc]:
    key = KEYED.get(name)
    old = list(lines)
    for index, change in enumerate(incoming):
        number = change.get("line")
        found = None
        if key is not None and change.get(key) is not None:
            found = next((line for line in old if line.get(key) == change[key]), None)
        elif number is not None and old:
            found = next((line for line in old if line["line"] == number), None)
            if found is None:
                raise Refused(_no_line(name, index))
        if found is None:
            found = {"line": 1 + max((line["line"] for line in lines), default=0)}
            lines.append(found)
        found |= {part: value for part, value in change.items() if part != "line" and value is not None}
        for part in [part for part, value in change.items() if part != "line" and value is None]:
            found.pop(part, None)
    return lines


def _no_line(name: str, index: int) -> Problem:
    return invalid_value(f"{name}.items[{index}].line")
