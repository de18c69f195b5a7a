"""From a syntax tree to a plan: what is selected, from where, in which order, how many."""

from collections.abc import Callable
from typing import Any

from simulators.kit.fidelity import absent, approximate, exact
from simulators.salesforce.schemas import Field, Schema
from simulators.salesforce.soql import grouping, literals
from simulators.salesforce.soql.conditions import Conditions
from simulators.salesforce.soql.frame import Compilation, Frame, open_frame
from simulators.salesforce.soql.operands import AGGREGATES, measure, rank
from simulators.salesforce.soql.plan import Child, Count, Leaf, Node, Plan, Rows
from simulators.salesforce.soql.problems import SoqlError, malformed
from simulators.salesforce.soql.shape import Slot
from simulators.salesforce.soql.syntax import Function, Item, Name, Query

exact(
    "SOQL: null rules (`!=` keeps nulls), case-insensitive text, LIKE escapes, parents as outer joins, child "
    "lists, semi- and anti-joins, date literals and functions, aggregates with `expr0`, HAVING, nulls first both "
    "ways, picklists in set-up order, AND/OR not mixed, errors with row, column and caret",
    source="documented, recorded",
    held_by="test_soql, test_soql_reference, test_soql_fuzz",
)
approximate("text order", "is by upper-cased code points; `MIN` and `MAX` of text mind the case")
approximate("groups of text", "ignore case and show the smallest spelling")
approximate(
    "currencies in queries",
    "aggregates are not converted to the corporate currency; `convertCurrency()` returns the amount as it is",
)
approximate("time zone", "of org and user is GMT, the week starts on Sunday, the fiscal year is the calendar year")
absent("ROLLUP, CUBE, TYPEOF, polymorphic parents, nested child queries, WITH and FOR clauses beyond being read, SOSL")

MAX_CHILDREN, FIELDS_LIMIT = 20, 200
_ROW_FUNCTIONS: dict[str, Callable[[Any], Any] | None] = {
    "TOLABEL": None, "CONVERTCURRENCY": None, "FORMAT": lambda value: None if value is None else f"{value}",
}  # fmt: skip
_FIELD_SETS: dict[str, Callable[[Field], bool]] = {
    "ALL": lambda _item: True, "STANDARD": lambda item: not item.custom, "CUSTOM": lambda item: item.custom,
}  # fmt: skip


def compile_query(schema: Schema, query: Query, slots: list[Slot], with_deleted: bool) -> Plan:
    """The plan of a query's shape; raises SoqlError with the place of whatever is wrong."""
    work = Compilation(schema, slots, with_deleted or query.all_rows)
    frame = open_frame(work, query)
    if _counts_only(query):
        where = Conditions(frame, sub_select).sql(query.where) if query.where is not None else ""
        count = f"SELECT count(*) FROM (SELECT 1 {frame.body(where)}{_limits(frame, query)})"
        return Plan(Count(count), work.binders, _offset(work, query))
    if grouping.is_aggregate(query):
        grouped = grouping.compile_aggregate(frame, query, sub_select, _limits(frame, query))
        return Plan(grouped, work.binders, _offset(work, query), [name for name, _show in grouped.columns])
    if query.having is not None:
        raise malformed("Having clause not allowed without a GROUP BY clause")
    selection = _Selection(frame, query)
    rows = selection.rows()
    flat = len(selection.columns) == len(query.items)
    return Plan(rows, work.binders, _offset(work, query), selection.columns if flat else [])


def _counts_only(query: Query) -> bool:
    if len(query.items) != 1 or query.group:
        return False
    what = query.items[0].what
    return isinstance(what, Function) and what.name.upper() == "COUNT" and not what.arguments


def _offset(work: Compilation, query: Query) -> tuple[int, int] | None:
    return None if query.offset is None else work.place(query.offset)


def _limits(frame: Frame, query: Query) -> str:
    found = ""
    if query.limit is not None:
        found = f" LIMIT {frame.work.literal(query.limit, literals.count)}"
    if query.offset is not None:
        found = found or " LIMIT -1"
        found += f" OFFSET {frame.work.literal(query.offset, literals.count)}"
    return found


def sub_select(outer: Frame, query: Query) -> str:
    """The SQL of a semi-join's inner query: one id or reference field of the same target."""
    if outer.inner:
        raise malformed("Nesting of semi join sub-selects is not supported", query.sources[0][0].at)
    frame = open_frame(outer.work, query)
    frame.inner = True
    item = query.items[0].what
    if len(query.items) != 1 or not isinstance(item, Name):
        raise malformed("The inner select of a semi join must select exactly one field", query.sources[0][0].at)
    for clause, name in ((query.order, "ORDER"), (query.group, "GROUP"), (query.offset, "OFFSET")):
        if clause:
            raise malformed(f"unexpected token: '{name}'", query.sources[0][0].at)
    column = frame.column(item)
    if column.field.family != "id":
        message = f"The selected field '{column.field.name}' in the subquery must be an id or reference field"
        raise malformed(message, item.at)
    where = Conditions(frame, sub_select).sql(query.where) if query.where is not None else ""
    present = f"{column.sql} IS NOT NULL"
    body = frame.body(f"{present} AND {where}" if where else present)
    return f"SELECT {column.sql} {body}{_limits(frame, query)}"


class _Selection:
    """Compiles a query for records, at the top or as a child list."""

    def __init__(self, frame: Frame, query: Query) -> None:
        self.frame, self.query = frame, query
        self.documents = [frame.alias]
        self.root = Node(frame.sobject, 0)
        self.nodes: dict[tuple[str, ...], Node] = {(): self.root}
        self.seen: set[str] = set()
        self.columns: list[str] = []  # canonical paths of plain fields
        self.children = 0

    def rows(self, under: str = "") -> Rows:
        """The plan; `under` is the condition that ties child records to their parent."""
        for item in self.query.items:
            self._select(item)
        for node in self.nodes.values():
            node.seal()
        frame, query = self.frame, self.query
        where = Conditions(frame, sub_select).sql(query.where) if query.where is not None else ""
        order = self._order()
        body = frame.body(" AND ".join(term for term in (under, where) if term))
        tail = f"{body} ORDER BY {order}{_limits(frame, query)}"
        documents = ", ".join(f"{alias}.doc" for alias in self.documents)
        joins = "".join(f" {join}" for join in frame.join_sql)
        page = (
            f'SELECT {frame.alias}.key, {documents} FROM "{frame.sobject.name}" {frame.alias}{joins} '
            f"WHERE {frame.alias}.key IN (SELECT value FROM json_each(:keys))"
        )
        return Rows(
            frame.sobject, self.root, f"SELECT {documents} {tail}", f"SELECT {frame.alias}.key {tail}", page,
            self.children > 0,
        )  # fmt: skip

    # -- what is selected -------------------------------------------------------------------

    def _select(self, item: Item) -> None:
        what = item.what
        if isinstance(what, Query):
            self._select_child(what)
        elif isinstance(what, Name):
            if item.alias is not None:
                raise malformed("only aggregate expressions use field aliasing", item.alias.at)
            self._leaf(what, None, None)
        elif what.name.upper() == "FIELDS":
            self._select_fields(what)
        elif what.name.upper() in _ROW_FUNCTIONS and len(what.arguments) == 1 and isinstance(what.arguments[0], Name):
            self._leaf(what.arguments[0], item.alias, _ROW_FUNCTIONS[what.name.upper()])
        else:
            raise malformed(f"unexpected token: '{what.name}'", what.at)

    def _leaf(self, name: Name, alias: Name | None, show: Callable[[Any], Any] | None) -> None:
        column = self.frame.column(name)
        key = alias.text if alias else column.field.name
        path = ".".join((*column.hops, key)).lower()
        if path in self.seen:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {name.text}", name.at)
        self.seen.add(path)
        if show is None and alias is None:
            self.columns.append(".".join((*column.hops, key)))
        node = self._node(column.hops)
        node.entries.append(Leaf(key, column.field, show))

    def _node(self, hops: tuple[str, ...]) -> Node:
        if hops not in self.nodes:
            above = self._node(hops[:-1])
            alias, parent = self.frame.joins[hops]
            if alias not in self.documents:
                self.documents.append(alias)
            node = self.nodes[hops] = Node(parent, self.documents.index(alias))
            above.entries.append((hops[-1], node))
        return self.nodes[hops]

    def _select_fields(self, call: Function) -> None:
        which = call.arguments[0].text.upper() if call.arguments and isinstance(call.arguments[0], Name) else ""
        if which not in _FIELD_SETS or len(call.arguments) != 1:
            raise malformed("FIELDS() takes ALL, STANDARD or CUSTOM", call.at)
        limit = self.query.limit
        if which != "STANDARD" and (limit is None or literals.count(self.frame.work.given(limit)) > FIELDS_LIMIT):
            raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200", call.at)
        for item in self.frame.sobject.fields.values():
            if _FIELD_SETS[which](item) and item.name.lower() not in self.seen:
                self._leaf(Name((item.name,), call.at), None, None)

    def _select_child(self, query: Query) -> None:
        name = query.sources[0][0]
        found = self.frame.sobject.children.get(name.text.lower())
        if found is None:
            message = (
                f"Didn't understand relationship '{name.text}' in FROM part of query call. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
                "reference your WSDL or the describe call for the appropriate names."
            )
            raise SoqlError("INVALID_TYPE", message, name.at)
        self.children += 1
        if self.children > MAX_CHILDREN:
            raise malformed("A query cannot have more than 20 subqueries", name.at)
        if grouping.is_aggregate(query):
            raise malformed("Aggregates are not allowed in a child query", name.at)
        work = self.frame.work
        frame = open_frame(work, query, work.schema.objects[found.sobject.lower()])
        frame.names[name.text.lower()] = ()
        inner = _Selection(frame, query).rows(f'{frame.alias}."{found.field.name}" = :parent')
        if inner.children:
            raise malformed("child queries cannot be nested in this version of the simulator", name.at)
        self.root.entries.append(Child(found.name, inner))

    # -- order ------------------------------------------------------------------------------

    def _order(self) -> str:
        terms = []
        for ordering in self.query.order:
            if isinstance(ordering.operand, Function) and ordering.operand.name.upper() in AGGREGATES:
                raise malformed(f"unexpected token: '{ordering.operand.name}'", ordering.operand.at)
            found = measure(self.frame, ordering.operand)
            terms += order_terms(self.frame, found.sql, found.field, ordering.descending, ordering.nulls_last, found.at)
        last = f"{self.frame.alias}.key"  # ids decide what the query leaves open, so that answers repeat
        return ", ".join(terms if terms and terms[-1] == last else (*terms, last))


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
