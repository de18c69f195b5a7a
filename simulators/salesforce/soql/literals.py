"""Values of literals: what is bound to the SQL of a plan, from the text of one query of its shape."""

import re
from typing import Any

from simulators.salesforce.ids import parse_id
from simulators.salesforce.moments import read_date, read_datetime
from simulators.salesforce.soql.problems import SoqlError, malformed
from simulators.salesforce.soql.shape import Given

MAX_STRING = 4_000
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_BIGGEST = 2**63 - 1


def text(given: Given) -> str:
    """A string literal's value."""
    return _unescape(given, {**_PLAIN, "%": "%", "_": "_"})


def pattern(given: Given) -> str:
    r"""A LIKE pattern for SQL with `\` as the escape character."""
    return _unescape(given, {**_PLAIN, "%": r"\%", "_": r"\_", "\\": r"\\"})


def _unescape(given: Given, meaning: dict[str, str]) -> str:
    inner = given.text[1:-1]
    if len(inner) > MAX_STRING:
        raise malformed(f"String literal exceeds the maximum length of {MAX_STRING} characters", given.at)
    if "\\" not in inner:
        return inner

    def replace(match: re.Match[str]) -> str:
        if match.group(1) not in meaning:
            message = (
                f"Invalid string literal '{inner}'. Illegal character sequence '\\{match.group(1)}' in string literal."
            )
            raise malformed(message, given.at)
        return meaning[match.group(1)]

    return _ESCAPE.sub(replace, inner)


def record_id(given: Given) -> str:
    """An id in 18 characters."""
    written = text(given)
    found = parse_id(written)
    if found is None:
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {written}", given.at)
    return found


def number(given: Given) -> int | float:
    """A number; integers beyond 64 bits become doubles."""
    if given.kind == "decimal":
        return float(given.text)
    found = int(given.text) if len(given.text) < 40 else float(given.text)
    return found if abs(found) <= _BIGGEST else float(found)


def day(given: Given) -> str:
    """A date."""
    found = read_date(given.text)
    if found is None:
        raise malformed(f"Invalid date: {given.text}", given.at)
    return found


def moment(given: Given) -> str:
    """A datetime in the stored form."""
    found = read_datetime(given.text)
    if found is None:
        raise malformed(f"Invalid datetime: {given.text}", given.at)
    return found


def count(given: Given) -> int:
    """The number of LIMIT, OFFSET and `:n`: a whole one, not negative, in 32 bits."""
    found = int(given.text) if len(given.text) < 12 else 2**40
    if given.text[0] in "+-" or found >= 2**31:
        raise malformed(f"unexpected token: '{given.text[:20]}'", given.at)
    return found


READERS: dict[str, Any] = {"text": text, "id": record_id, "number": number, "date": day, "datetime": moment}
"""By a field's family: how a literal compared with it is read."""
