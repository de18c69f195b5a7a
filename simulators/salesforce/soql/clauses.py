"""The clauses that any SELECT may have: its filters and scope, semi-joins, order and limits."""

from simulators.salesforce.schemas import Field
from simulators.salesforce.soql import literals
from simulators.salesforce.soql.conditions import Conditions
from simulators.salesforce.soql.frame import Frame, open_frame
from simulators.salesforce.soql.operands import rank
from simulators.salesforce.soql.problems import SoqlError, malformed
from simulators.salesforce.soql.syntax import Name, Query

_MODES = ("SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE")
_MARKS = ("VIEW", "REFERENCE", "UPDATE")


def filters(frame: Frame, query: Query) -> str:
    """WHERE, and what USING SCOPE adds to it; the words of WITH are checked and change nothing, for fields that a user
    may not see are not in the schema at all."""
    mode = query.clauses.get("with")
    if mode is not None and mode.text.upper() not in _MODES:
        raise malformed(f"unexpected token: '{mode.text}'", mode.at)
    where = Conditions(frame, sub_select).sql(query.where) if query.where is not None else ""
    scope = query.clauses.get("scope")
    if scope is None or scope.text.lower() == "everything":
        return where
    if scope.text.lower() != "mine" or frame.sobject.get("OwnerId") is None:
        message = f"Scope {scope.text} is not supported for {frame.sobject.name}"
        raise SoqlError("INVALID_QUERY_SCOPE", message, scope.at)
    mine = f'{frame.alias}."OwnerId" = {frame.work.bind(lambda _slots, asking: asking.user)}'
    return f"{mine} AND {where}" if where else mine


def marks(query: Query) -> frozenset[str]:
    """The words of FOR; UPDATE goes with no order (documented)."""
    found = frozenset(word.text.upper() for word in query.clauses.get("locking", ()))
    for word in query.clauses.get("locking", ()):
        if word.text.upper() not in _MARKS or (word.text.upper() == "UPDATE" and query.order):
            raise malformed(f"unexpected token: '{word.text}'", word.at)
    return found


def limits(frame: Frame, query: Query) -> str:
    """LIMIT and OFFSET."""
    found = ""
    if query.limit is not None:
        found = f" LIMIT {frame.work.literal(query.limit, literals.count)}"
    if query.offset is not None:
        found = found or " LIMIT -1"
        found += f" OFFSET {frame.work.literal(query.offset, literals.count)}"
    return found


def sub_select(outer: Frame, query: Query) -> str:
    """The SQL of a semi-join's inner query: one id or reference field, of another object than the outer query's."""
    at = query.sources[0][0].at
    if outer.inner:
        raise malformed("Nesting of semi join sub-selects is not supported", at)
    frame = open_frame(outer.work, query)
    frame.inner = True
    if frame.sobject is outer.sobject:
        raise malformed("The inner and outer selects should not be on the same object type", at)
    item = query.items[0].what
    if len(query.items) != 1 or not isinstance(item, Name):
        raise malformed("The inner select of a semi join must select exactly one field", at)
    refused = (
        (query.order, "ORDER"), (query.group, "GROUP"), (query.limit, "LIMIT"), (query.offset, "OFFSET"),
        (query.clauses.get("locking"), "FOR"),
    )  # fmt: skip
    for clause, name in refused:
        if clause:
            raise malformed(f"unexpected token: '{name}'", at)
    column = frame.column(item)
    if column.field.family != "id":
        message = f"The selected field '{column.field.name}' in the subquery must be an id or reference field"
        raise malformed(message, item.at)
    where = filters(frame, query)
    present = f"{column.sql} IS NOT NULL"
    return f"SELECT {column.sql} {frame.body(f'{present} AND {where}' if where else present)}"


def order_terms(frame: Frame, sql: str, item: Field | None, descending: bool, nulls_last: bool, at: int) -> list[str]:
    """SQL terms of one ORDER BY field: nulls first both ways unless told, picklists as set up, text without case."""
    if item is not None and not item.sortable:
        raise SoqlError("INVALID_FIELD", f"field '{item.name}' can not be sorted in a query call", at)
    expressions = [sql]
    if item is not None and item.family == "text":
        ranked = rank(frame, item, sql)
        expressions = [ranked] if ranked else []
        expressions.append(sql if item.case_sensitive else f"soql_upper({sql})")
    if item is not None and item.family == "boolean":
        expressions = [f"ifnull({sql}, 0)"]
    last = nulls_last and (item is None or item.type != "reference")
    suffix = " DESC" if descending else ""
    if last != descending:  # SQLite's own rule: nulls first ascending, last descending
        suffix += " NULLS LAST" if last else " NULLS FIRST"
    elif last:
        suffix += " NULLS LAST"
    elif descending:
        suffix += " NULLS FIRST"
    return [expression + suffix for expression in expressions]
