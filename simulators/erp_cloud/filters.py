"""The `q` filter of record lists: a small grammar translated to SQL over the documents."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from simulators.erp_cloud.errors import Refused, invalid_parameter
from simulators.erp_cloud.moments import read_account_date
from simulators.erp_cloud.schemas import Field
from simulators.kit.fidelity import exact

exact(
    "list: ids and links only, `q`, limit ≤ 1000, offset a multiple, 100,000 reachable; `q` on sublists refused",
    source="documented",
    held_by="test_filters, test_records",
)

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()\[\],])|([^\s()\[\],"]+))')
_NUMBER, _TEXT, _DAY, _CHOICE, _FLAG = "number", "text", "day", "choice", "flag"
_CLASS = {
    "string": _TEXT, "integer": _NUMBER, "number": _NUMBER, "money": _NUMBER, "boolean": _FLAG, "date": _DAY,
    "datetime": _DAY, "ref": _CHOICE, "refs": _CHOICE, "enum": _CHOICE, "anyref": _CHOICE,
}  # fmt: skip
_COMPARE = {
    "EQUAL": "=", "GREATER": ">", "GREATER_OR_EQUAL": ">=", "LESS": "<", "LESS_OR_EQUAL": "<=",
    "AFTER": ">", "BEFORE": "<", "ON": "=", "ON_OR_AFTER": ">=", "ON_OR_BEFORE": "<=", "IS": "=",
}  # fmt: skip
_LIKE = {"CONTAIN": "%{}%", "START_WITH": "{}%", "END_WITH": "%{}"}
OPERATORS = {
    "EMPTY": (_TEXT, _NUMBER, _DAY, _CHOICE, _FLAG), "IS": (_TEXT, _FLAG, _CHOICE, _NUMBER),
    "ANY_OF": (_CHOICE, _TEXT, _NUMBER),
    "BETWEEN": (_NUMBER, _DAY), "WITHIN": (_NUMBER, _DAY), **dict.fromkeys(_LIKE, (_TEXT,)),
    **dict.fromkeys(("EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL"), (_NUMBER,)),
    **dict.fromkeys(("AFTER", "BEFORE", "ON", "ON_OR_AFTER", "ON_OR_BEFORE"), (_DAY,)),
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """A WHERE clause with its parameters."""

    sql: str
    params: tuple[Any, ...] = ()


def parse(text: str, fields: Mapping[str, Field]) -> Condition:
    """Translate a `q`; what it does not allow is Refused with INVALID_PARAMETER."""
    if len(text) > 10_000:
        raise _bad("the query is too long")
    return _Parser(_tokens(text), fields).whole()


def _bad(why: str) -> Refused:
    return Refused(invalid_parameter("q", f"Invalid search query. Detailed unprocessed description follows. {why}."))


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _bad(f"unexpected character at position {at}")
        quoted, mark, word = found.groups()
        if quoted is not None:
            tokens.append(("value", quoted.replace('\\"', '"').replace("\\\\", "\\")))
        else:
            tokens.append(("mark", mark) if mark else ("word", word))
        at = found.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], fields: Mapping[str, Field]) -> None:
        self._tokens, self._fields = tokens, fields
        self._at = self._depth = 0

    def whole(self) -> Condition:
        result = self._either()
        if self._at < len(self._tokens):
            raise _bad(f"unexpected '{self._tokens[self._at][1]}'")
        return result

    def _peek(self, text: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at][1].upper() == text

    def _next(self, what: str) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise _bad(f"{what} is missing")
        self._at += 1
        return self._tokens[self._at - 1]

    def _either(self) -> Condition:
        return self._joined("OR", self._both)

    def _both(self) -> Condition:
        return self._joined("AND", self._one)

    def _joined(self, word: str, part: Any) -> Condition:
        parts = [part()]
        while self._peek(word):
            self._at += 1
            parts.append(part())
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        params = tuple(param for one in parts for param in one.params)
        return Condition(f"({f' {word} '.join(one.sql for one in parts)})", params)

    def _one(self) -> Condition:
        if self._peek("("):
            self._at += 1
            self._depth += 1
            if self._depth > 50:
                raise _bad("too many parentheses")
            inner = self._either()
            if not self._peek(")"):
                raise _bad("a closing parenthesis is missing")
            self._at += 1
            self._depth -= 1
            return inner
        return self._condition()

    def _condition(self) -> Condition:
        _, name = self._next("a field")
        column, kind = self._column(name)
        _, given = self._next("an operator")
        operator = given.upper()
        negated = operator.endswith("_NOT")
        operator = operator.removesuffix("_NOT")
        if kind not in OPERATORS.get(operator, ()):
            raise _bad(f"the operator {given} cannot be used with the field {name}")
        result = self._compare(operator, column, kind)
        return Condition(f"NOT coalesce({result.sql}, 0)", result.params) if negated else result

    def _column(self, name: str) -> tuple[str, str]:
        if name.lower() == "id":
            return "CAST(key AS INTEGER)", _CHOICE
        one = self._fields.get(name.lower())
        if one is None or one.type not in _CLASS:
            raise _bad(f"the field {name} does not exist or cannot be used in a query")
        kind = _CLASS[one.type]
        path = '"externalId"' if one.name == "externalId" else f"json_extract(doc, '$.{one.name}')"
        if kind == _NUMBER:
            return f"CAST({path} AS REAL)", kind
        if kind == _FLAG:
            return f"coalesce({path}, 0)", kind
        return (f"substr({path}, 1, 10)" if kind == _DAY else path), kind

    def _compare(self, operator: str, column: str, kind: str) -> Condition:
        if operator == "EMPTY":
            return Condition(f"({column} IS NULL OR {column} = '')")
        if operator == "ANY_OF":
            values = [self._typed(value, kind) for value in self._list()]
            return Condition(f"{column} IN ({','.join('?' * len(values))})", tuple(values))
        if operator in ("BETWEEN", "WITHIN"):
            values = [self._typed(value, kind) for value in self._list()]
            if len(values) != 2:
                raise _bad(f"{operator} takes two values")
            return Condition(f"{column} BETWEEN ? AND ?", tuple(values))
        kind_of_token, value = self._next("a value")
        if kind_of_token == "mark":
            raise _bad(f"unexpected '{value}'")
        if operator in _LIKE:
            escaped = re.sub(r"([%_\\])", r"\\\1", value)
            return Condition(f"{column} LIKE ? ESCAPE '\\'", (_LIKE[operator].format(escaped),))
        collate = " COLLATE NOCASE" if kind == _TEXT and column != '"externalId"' else ""
        return Condition(f"{column} {_COMPARE[operator]} ?{collate}", (self._typed(value, kind),))

    def _list(self) -> list[str]:
        if not self._peek("["):
            return [self._next("a value")[1]]
        self._at += 1
        values = []
        while not self._peek("]"):
            values.append(self._next("a value")[1])
            if self._peek(","):
                self._at += 1
        self._at += 1
        if not values:
            raise _bad("an empty list")
        return values

    def _typed(self, value: str, kind: str) -> Any:
        if kind == _NUMBER:
            try:
                return float(Decimal(value))
            except InvalidOperation:
                raise _bad(f"'{value}' is not a number") from None
        if kind == _DAY:
            found = read_account_date(value)
            if found is None:
                raise _bad(f"'{value}' is not a date in the account's format")
            return found[1:11]
        if kind == _FLAG:
            if value.lower() not in ("true", "false", "t", "f"):
                raise _bad(f"'{value}' is not true or false")
            return int(value.lower() in ("true", "t"))
        return value
