"""Aggregate queries: GROUP BY, aggregates with and without alias, HAVING, and their order."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from simulators.salesforce.schemas import Field
from simulators.salesforce.soql.clauses import filters, limits, sub_select
from simulators.salesforce.soql.conditions import Conditions
from simulators.salesforce.soql.frame import Frame
from simulators.salesforce.soql.operands import AGGREGATES, Measure, check_group, measure, rank, spelled
from simulators.salesforce.soql.plan import Aggregate, Total
from simulators.salesforce.soql.problems import SoqlError, malformed
from simulators.salesforce.soql.syntax import (
    Compare,
    Function,
    InQuery,
    InValues,
    Junction,
    Name,
    Negation,
    Operand,
    Query,
    TypeOf,
)

MOST_ROLLED = 3

Show = Callable[[Any], Any]


def is_aggregate(query: Query) -> bool:
    """Grouped, or with an aggregate in its SELECT."""
    return bool(query.group) or any(
        isinstance(item.what, Function) and item.what.name.upper() in AGGREGATES for item in query.items
    )


def compile_aggregate(frame: Frame, query: Query) -> Aggregate:
    """The plan of an aggregate query: one SELECT, or for a ROLLUP or CUBE the union of one for each grouping."""
    where, cut = filters(frame, query), limits(frame, query)
    if cut and not query.group:
        raise malformed("LIMIT and OFFSET need a GROUP BY in an aggregate query", query.sources[0][0].at)
    if query.grouping and not 1 <= len(query.group) <= MOST_ROLLED:
        raise malformed(f"{query.grouping} takes one to {MOST_ROLLED} fields", query.sources[0][0].at)
    if not all(isinstance(operand, (Name, Function)) for operand in query.group):
        raise malformed("only fields and date functions can be grouped by", query.sources[0][0].at)
    frame.grouped = {spelled(operand): _grouped(frame, operand) for operand in query.group}
    parts: list[str] = []
    columns: list[Total] = []
    directions: list[str] = []
    for kept in _groupings(query):
        frame.rolled = frozenset(spelled(operand) for operand in query.group) - kept
        columns, selected = _columns(frame, query)
        having = Conditions(frame, sub_select).sql(_checked(frame, query.having)) if query.having is not None else ""
        terms = _order(frame, query)
        directions = [direction for _sql, direction in terms]
        shown = [*selected, *(sql for sql, _direction in terms)]
        named = ", ".join(f"{sql} AS c{place}" for place, sql in enumerate(shown))
        sql = f"SELECT {named} {frame.body(where)}"
        by = [sql for text, sql in frame.grouped.items() if text in kept]
        parts.append(sql + (f" GROUP BY {', '.join(by)}" if by else "") + (f" HAVING {having}" if having else ""))
    first = len(columns)
    order = ", ".join(f"c{first + place}{direction}" for place, direction in enumerate(directions))
    return Aggregate(frame.sobject, " UNION ALL ".join(parts) + (f" ORDER BY {order}" if order else "") + cut, columns)


def _grouped(frame: Frame, operand: Operand) -> str:
    """The SQL that rows are grouped by: text without case."""
    found = measure(frame, operand)
    if found.aggregate:
        raise malformed(f"unexpected token: '{found.name}'", found.at)
    check_group(found)
    return f"soql_upper({found.sql})" if found.family == "text" and not found.case_sensitive else found.sql


def _groupings(query: Query) -> list[frozenset[str]]:
    """Which grouped operands each SELECT keeps: all of them, and for ROLLUP ever fewer, for CUBE every choice."""
    names = [spelled(operand) for operand in query.group]
    if query.grouping == "ROLLUP":
        return [frozenset(names[:count]) for count in range(len(names), -1, -1)]
    if query.grouping == "CUBE":
        return [
            frozenset(chosen) for count in range(len(names), -1, -1) for chosen in combinations(names, count)
        ]  # fmt: skip
    return [frozenset(names)]


def _columns(frame: Frame, query: Query) -> tuple[list[Total], list[str]]:
    columns: list[Total] = []
    selected: list[str] = []
    unnamed = 0
    for item in query.items:
        what = item.what
        if isinstance(what, Query):
            raise malformed("Child queries are not allowed in an aggregate query", what.sources[0][0].at)
        if isinstance(what, TypeOf):
            raise malformed("TYPEOF is not allowed in an aggregate query", what.path.at)
        found = measure(frame, what)
        _check_grouped(frame, what, found)
        if item.alias is not None:
            key = item.alias.text
        elif isinstance(what, Name):
            key = found.name
        else:
            key, unnamed = f"expr{unnamed}", unnamed + 1
        if any(key.lower() == known.key.lower() for known in columns):
            raise malformed(f"duplicate alias: {key}", found.at)
        plain_text = isinstance(what, Name) and found.family == "text" and not found.case_sensitive
        plain_text = plain_text and found.sql != "NULL"
        selected.append(f"min({found.sql})" if plain_text else found.sql)
        columns.append(Total(key, _show(found), _called(what), found.type, None if found.aggregate else found.field))
    return columns, selected


def _called(operand: Operand) -> str:
    """A grouped operand as its column is described: the function in small letters, the path as it was written."""
    if isinstance(operand, Name):
        return operand.text
    inner = ", ".join(_called(one) for one in operand.arguments if isinstance(one, (Name, Function)))
    return f"{operand.name.lower()}({inner})"


def _check_grouped(frame: Frame, operand: Operand, found: Measure) -> None:
    if found.aggregate or (frame.grouped is not None and spelled(operand) in frame.grouped):
        return
    shown = operand.text if isinstance(operand, Name) else operand.name
    raise malformed(f"Field must be grouped or aggregated: {shown}", operand.at)


def _show(found: Measure) -> Show | None:
    if found.type == "boolean":
        return bool
    if found.aggregate and found.field is not None and found.type == "picklist":
        return _picklist(found.field)
    return None


def _picklist(item: Field) -> Show:
    def show(place: Any) -> Any:
        return item.values[place] if isinstance(place, int) and place < len(item.values) else None

    return show


def _checked(frame: Frame, condition: Any) -> Any:
    """HAVING may speak of aggregates and grouped fields only."""
    waiting = [condition]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Junction):
            waiting += part.parts
        elif isinstance(part, Negation):
            waiting.append(part.part)
        elif isinstance(part, InQuery):
            raise malformed("Semi joins are not allowed in HAVING", part.at)
        elif isinstance(part, (Compare, InValues)):
            _check_grouped(frame, part.operand, measure(frame, part.operand))
    return condition


def _order(frame: Frame, query: Query) -> list[tuple[str, str]]:
    """SQL and direction of each term; behind the query's own the groups, their totals after them."""
    terms: list[tuple[str, str]] = []
    for ordering in query.order:
        found = measure(frame, ordering.operand)
        _check_grouped(frame, ordering.operand, found)
        if found.field is not None and not found.field.sortable:
            raise SoqlError("INVALID_FIELD", f"field '{found.name}' can not be sorted in a query call", found.at)
        sql = found.sql
        if not found.aggregate and found.family == "text" and found.field is not None and sql != "NULL":
            sql = rank(frame, found.field, found.sql) or f"soql_upper({found.sql})"
        direction = " DESC" if ordering.descending else ""
        terms.append((sql, f"{direction} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}"))
    for text, sql in (frame.grouped or {}).items():
        rolled = text in frame.rolled
        if query.grouping:
            terms.append((str(int(rolled)), ""))
        terms.append(("NULL" if rolled else sql, ""))
    return terms
