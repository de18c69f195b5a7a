"""WHERE and HAVING as SQL: SOQL's two-valued logic, case-insensitive text, null rules, date literals, semi-joins."""

from collections.abc import Callable
from datetime import date
from typing import Any

import orjson

from simulators.salesforce.moments import midnight
from simulators.salesforce.soql import literals
from simulators.salesforce.soql.asking import Asking, Binder
from simulators.salesforce.soql.currencies import corporate, corporate_literal
from simulators.salesforce.soql.dates import literal_range
from simulators.salesforce.soql.frame import Frame
from simulators.salesforce.soql.operands import Measure, measure
from simulators.salesforce.soql.problems import SoqlError, malformed
from simulators.salesforce.soql.shape import Given, Slot
from simulators.salesforce.soql.syntax import (
    Compare,
    InQuery,
    InValues,
    Junction,
    Literal,
    Money,
    Name,
    Negation,
    Query,
    Word,
)  # fmt: skip

MAX_DEPTH, MAX_SEMI_JOINS = 100, 2
_KINDS = {
    "text": ("string",), "id": ("string",), "number": ("integer", "decimal"), "date": ("date",),
    "datetime": ("datetime",), "boolean": (), "time": (), "address": (),
}  # fmt: skip
_SHOWN_TYPES = {"datetime": "dateTime", "reference": "reference", "id": "ID", "autonumber": "string"}

SubSelect = Callable[[Frame, Query], str]


class Conditions:
    """Compiles conditions of one frame. `sub_select` compiles the inner query of a semi-join to SQL."""

    def __init__(self, frame: Frame, sub_select: SubSelect) -> None:
        self.frame, self.work, self._sub_select = frame, frame.work, sub_select

    def sql(self, condition: Any, strict: bool = False, depth: int = 0, top: bool = True) -> str:
        """The SQL of a condition; `strict` (below a NOT) makes it 0 or 1, never null. `top`: nothing but ANDs above."""
        if depth > MAX_DEPTH:
            raise malformed("the condition is nested too deeply")
        if isinstance(condition, Junction):
            top = top and condition.operator == "AND"
            parts = [self.sql(part, strict, depth + 1, top) for part in condition.parts]
            return _balanced(parts, condition.operator)
        if isinstance(condition, Negation):
            return f"NOT {self.sql(condition.part, True, depth + 1, False)}"
        if isinstance(condition, Compare):
            found = self._compare(condition)
        elif isinstance(condition, InValues):
            found = self._in_values(condition)
        else:
            found = self._in_query(condition, top)
        return f"ifnull({found}, 0)" if strict else found

    # -- comparisons ------------------------------------------------------------------------

    def _compare(self, condition: Compare) -> str:
        left = measure(self.frame, condition.operand, filtering=True)
        left.check_filter()
        value, operator = condition.value, condition.operator
        if isinstance(value, Word):
            return self._compare_word(left, operator, value)
        if isinstance(value, Money):
            return self._compare_money(left, condition, value)
        self._check_kind(left, value)
        if operator == "LIKE":
            return self._like(left, value)
        given = self.work.given(value)
        if left.family in ("text", "id") and given.text == "''":
            return _null(left, operator)
        if left.family == "text":
            return self._compare_text(left, operator, value, given)
        bound = self.work.literal(value, literals.READERS[left.family])
        return _plain(left.sql, operator, bound)

    def _compare_money(self, left: Measure, condition: Compare, value: Money) -> str:
        if left.type != "currency" or condition.operator == "LIKE":
            raise self._wrong_kind(left, value.at)
        if value.currency not in self.work.schema.currencies:
            raise malformed(f"Invalid currency: {value.currency}", value.at)
        path = condition.operand
        if not isinstance(path, Name):
            raise malformed("an amount in a currency cannot be compared with an aggregate", value.at)
        column = self.frame.column(path)
        literal = corporate_literal(self.frame, column, float(value.amount), value.currency)
        return _plain(corporate(self.frame, column), condition.operator, literal)

    def _compare_text(self, left: Measure, operator: str, value: Literal, given: Given) -> str:
        if left.case_sensitive:
            return _plain(left.sql, operator, self.work.literal(value, literals.text))
        if operator in ("=", "!=") and given.text.isascii():
            bound = self.work.literal(value, literals.text)
            return _plain(left.sql, operator, f"{bound} COLLATE NOCASE")
        bound = self.work.literal(value, lambda item: literals.text(item).upper())
        return _plain(f"soql_upper({left.sql})", operator, bound)

    def _like(self, left: Measure, value: Literal) -> str:
        if left.family != "text":
            message = "invalid operator on id field" if left.family == "id" else "invalid operator"
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message, value.at)
        if self.work.given(value).text.isascii():
            return f"({left.sql} LIKE {self.work.literal(value, literals.pattern)} ESCAPE '\\')"
        bound = self.work.literal(value, lambda item: literals.pattern(item).upper())
        return f"(soql_upper({left.sql}) LIKE {bound} ESCAPE '\\')"

    def _compare_word(self, left: Measure, operator: str, word: Word) -> str:
        name = word.text.lower()
        if name == "null" and word.number is None:
            return _null(left, operator)
        if name in ("true", "false") and left.family == "boolean":
            if operator not in ("=", "!="):
                raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", "invalid operator", word.at)
            wanted = (name == "true") == (operator == "=")
            return f"ifnull({left.sql}, 0) = {int(wanted)}"
        dated = literal_range(word.text, None if word.number is None else 1, date(2000, 1, 1)) is not None
        if not dated and name not in ("true", "false"):
            raise malformed(f"unexpected token: '{word.text}'", word.at)
        if not dated or left.family not in ("date", "datetime"):
            raise self._wrong_kind(left, word.at)
        if operator == "LIKE":
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", "invalid operator", word.at)
        return _within(left.sql, operator, *self._range(word, left.family))

    def _range(self, word: Word, family: str) -> tuple[str, str]:
        """Parameters for the first moment of a date literal and the first one after it."""
        place = None if word.number is None else self.work.place(word.number)
        if word.number is not None:
            literals.count(self.work.given(word.number))

        def edge(which: int) -> Binder:
            def compute(slots: list[Slot], asking: Asking) -> str:
                number = None if place is None else literals.count(slots[place[0]][place[1]])
                found = literal_range(word.text, number, asking.today, asking.fiscal.start)
                assert found is not None
                return midnight(found[which], asking.zone) if family == "datetime" else found[which].isoformat()

            return compute

        return self.work.bind(edge(0)), self.work.bind(edge(1))

    def _check_kind(self, left: Measure, value: Literal) -> None:
        if value.kind not in _KINDS[left.family]:
            raise self._wrong_kind(left, value.at)

    def _wrong_kind(self, left: Measure, at: int) -> SoqlError:
        shown = _SHOWN_TYPES.get(left.type, "string" if left.family == "text" else left.type)
        quotes = "should be enclosed in quotes" if left.family in ("text", "id") else "should not be enclosed in quotes"
        message = f"value of filter criterion for field '{left.name}' must be of type {shown} and {quotes}"
        return SoqlError("INVALID_FIELD", message, at)

    # -- sets -------------------------------------------------------------------------------

    def _in_values(self, condition: InValues) -> str:
        left = measure(self.frame, condition.operand, filtering=True)
        left.check_filter()
        if condition.operator in ("INCLUDES", "EXCLUDES"):
            return self._includes(left, condition)
        has_null, wanted = False, []
        for value in condition.values:
            if isinstance(value, Money):
                return self._in_words(condition)
            if isinstance(value, Word):
                if value.text.lower() != "null":
                    return self._in_words(condition)
                has_null = True
            else:
                self._check_kind(left, value)
                wanted.append(value)
        written = [self.work.given(value).text for value in wanted]
        has_null = has_null or (left.family in ("text", "id") and "''" in written)
        folded = left.family == "text" and not left.case_sensitive
        ascii_only = all(text.isascii() for text in written)
        read = literals.READERS.get(left.family, literals.text)
        upper = folded and not ascii_only
        bound = self._list(wanted, left.family, (lambda item: read(item).upper()) if upper else read)
        column = f"soql_upper({left.sql})" if upper else f"{left.sql} COLLATE NOCASE" if folded else left.sql
        found = f"{column} IN (SELECT value FROM json_each({bound}))"
        if condition.operator == "IN":
            return f"({found} OR {left.sql} IS NULL)" if has_null else f"({found})"
        if has_null:
            return f"({left.sql} IS NOT NULL AND NOT {found})"
        return f"({left.sql} IS NULL OR NOT {found})"

    def _list(self, wanted: list[Any], family: str, read: Callable[[Given], Any]) -> str:
        """A JSON list of the values of all slots that the literals are from; empty strings are nulls elsewhere."""
        slots_used = sorted({self.work.place(value)[0] for value in wanted})

        def compute(slots: list[Slot], _asking: Asking | None) -> str:
            found = [
                read(item) for slot in slots_used for item in slots[slot]
                if not (family in ("text", "id") and item.text == "''")
            ]  # fmt: skip
            return orjson.dumps(found).decode()

        compute(self.work.slots, None)
        return self.work.bind(compute)

    def _in_words(self, condition: InValues) -> str:
        """`IN (true, TODAY)`: any of the single comparisons."""
        operator = "=" if condition.operator == "IN" else "!="
        money = [value for value in condition.values if isinstance(value, Money)]
        if money and len(money) < len(condition.values):
            raise malformed("amounts with and without a currency cannot be mixed", money[0].at)
        parts = [self._compare(Compare(condition.operand, operator, value)) for value in condition.values]
        return _balanced(parts, "OR" if operator == "=" else "AND")

    def _includes(self, left: Measure, condition: InValues) -> str:
        if left.type != "multipicklist":
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", "invalid operator", condition.at)
        for value in condition.values:
            if isinstance(value, (Word, Money)):
                raise self._wrong_kind(left, value.at)
            self._check_kind(left, value)
        bound = self._list(list(condition.values), "text", literals.text)
        found = f"soql_includes({left.sql}, {bound})"
        return found if condition.operator == "INCLUDES" else f"NOT {found}"

    def _in_query(self, condition: InQuery, top: bool) -> str:
        if not top:
            message = (
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
                "expressions."
            )
            raise malformed(message, condition.at)
        self.work.semi_joins += 1
        if self.work.semi_joins > MAX_SEMI_JOINS:
            raise malformed(f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed.", condition.at)
        left = measure(self.frame, condition.operand)
        left.check_filter()
        if left.family != "id" or condition.operator not in ("IN", "NOT IN"):
            message = f"The left operand '{left.name}' cannot be used with a subquery: it is no id or reference field"
            raise malformed(message, condition.at)
        inner = self._sub_select(self.frame, condition.query)
        found = f"{left.sql} IN ({inner})"
        return f"({found})" if condition.operator == "IN" else f"({left.sql} IS NULL OR NOT {found})"


def _balanced(parts: list[str], operator: str) -> str:
    """A junction as a balanced tree: SQLite limits the depth of an expression, SOQL its length only."""
    while len(parts) > 1:
        pairs = [parts[start : start + 2] for start in range(0, len(parts), 2)]
        parts = [f"({f' {operator} '.join(pair)})" if len(pair) > 1 else pair[0] for pair in pairs]
    return parts[0]


def _plain(column: str, operator: str, bound: str) -> str:
    if operator == "!=":
        return f"({column} IS NULL OR {column} <> {bound})"
    return f"({column} {operator} {bound})"


def _null(left: Measure, operator: str) -> str:
    if left.family == "boolean" and operator in ("=", "!="):
        return f"ifnull({left.sql}, 0) = {int(operator == '!=')}"
    if operator in ("=", "!="):
        return f"({left.sql} IS {'NOT ' if operator == '!=' else ''}NULL)"
    return "0"


def _within(column: str, operator: str, first: str, after: str) -> str:
    return {
        "=": f"({column} >= {first} AND {column} < {after})",
        "!=": f"({column} IS NULL OR {column} < {first} OR {column} >= {after})",
        "<": f"({column} < {first})", "<=": f"({column} < {after})",
        ">": f"({column} >= {after})", ">=": f"({column} >= {first})",
    }[operator]  # fmt: skip
