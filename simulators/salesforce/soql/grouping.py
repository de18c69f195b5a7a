"""Aggregate queries: GROUP BY, aggregates with and without alias, HAVING, and their order."""

from collections.abc import Callable
from typing import Any

from simulators.salesforce.schemas import Field
from simulators.salesforce.soql.conditions import Conditions, SubSelect
from simulators.salesforce.soql.frame import Frame
from simulators.salesforce.soql.operands import AGGREGATES, Measure, check_group, measure, rank
from simulators.salesforce.soql.plan import Aggregate
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
)

Show = Callable[[Any], Any]


def is_aggregate(query: Query) -> bool:
    """Grouped, or with an aggregate in its SELECT."""
    return bool(query.group) or any(
        isinstance(item.what, Function) and item.what.name.upper() in AGGREGATES for item in query.items
    )


def compile_aggregate(frame: Frame, query: Query, sub_select: SubSelect, limits: str) -> Aggregate:
    """The plan of an aggregate query."""
    where = Conditions(frame, sub_select).sql(query.where) if query.where is not None else ""
    frame.grouped = {}
    group_sql: list[str] = []
    for operand in query.group:
        found = measure(frame, operand)
        if found.aggregate:
            raise malformed(f"unexpected token: '{found.name}'", found.at)
        check_group(found)
        folded = f"soql_upper({found.sql})" if found.family == "text" and not found.case_sensitive else found.sql
        frame.grouped[_text(operand)] = found.sql
        group_sql.append(folded)
    if limits and not query.group:
        raise malformed("LIMIT and OFFSET need a GROUP BY in an aggregate query", query.sources[0][0].at)
    columns, selected = _columns(frame, query)
    having = Conditions(frame, sub_select).sql(_checked(frame, query.having)) if query.having is not None else ""
    order = _order(frame, query, group_sql)
    sql = f"SELECT {', '.join(selected)} {frame.body(where)}"
    if group_sql:
        sql += f" GROUP BY {', '.join(group_sql)}"
    if having:
        sql += f" HAVING {having}"
    return Aggregate(sql + (f" ORDER BY {order}" if order else "") + limits, columns)


def _text(operand: Operand) -> str:
    if isinstance(operand, Name):
        return operand.text.lower()
    inner = ",".join(_text(part) for part in operand.arguments if isinstance(part, (Name, Function)))
    return f"{operand.name.lower()}({inner})"


def _columns(frame: Frame, query: Query) -> tuple[list[tuple[str, Show | None]], list[str]]:
    columns: list[tuple[str, Show | None]] = []
    selected: list[str] = []
    unnamed = 0
    for item in query.items:
        what = item.what
        if isinstance(what, Query):
            raise malformed("Child queries are not allowed in an aggregate query", what.sources[0][0].at)
        found = measure(frame, what)
        _check_grouped(frame, what, found)
        if item.alias is not None:
            key = item.alias.text
        elif isinstance(what, Name):
            key = found.name
        else:
            key, unnamed = f"expr{unnamed}", unnamed + 1
        if any(key.lower() == known.lower() for known, _show in columns):
            raise malformed(f"duplicate alias: {key}", found.at)
        plain_text = isinstance(what, Name) and found.family == "text" and not found.case_sensitive
        selected.append(f"min({found.sql})" if plain_text else found.sql)
        columns.append((key, _show(found)))
    return columns, selected


def _check_grouped(frame: Frame, operand: Operand, found: Measure) -> None:
    if found.aggregate or (frame.grouped is not None and _text(operand) in frame.grouped):
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


def _order(frame: Frame, query: Query, group_sql: list[str]) -> str:
    terms: list[str] = []
    for ordering in query.order:
        found = measure(frame, ordering.operand)
        _check_grouped(frame, ordering.operand, found)
        if found.field is not None and not found.field.sortable:
            raise SoqlError("INVALID_FIELD", f"field '{found.name}' can not be sorted in a query call", found.at)
        sql = found.sql
        if not found.aggregate and found.family == "text" and found.field is not None:
            sql = rank(frame, found.field, found.sql) or f"soql_upper({found.sql})"
        direction = " DESC" if ordering.descending else ""
        terms.append(f"{sql}{direction} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}")
    return ", ".join((*terms, *group_sql))
