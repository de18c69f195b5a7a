"""What a query for records selects: fields, parents, records of several objects, and lists of child records."""

from collections.abc import Callable
from typing import Any

from simulators.salesforce import tables
from simulators.salesforce.schemas import Field
from simulators.salesforce.soql import grouping, literals
from simulators.salesforce.soql.asking import Show
from simulators.salesforce.soql.clauses import filters, limits, marks, order_terms
from simulators.salesforce.soql.currencies import converting, must_be_money, worth
from simulators.salesforce.soql.formats import formatted, formatting, labelled, named
from simulators.salesforce.soql.frame import Column, Frame, open_frame
from simulators.salesforce.soql.operands import AGGREGATES, measure
from simulators.salesforce.soql.plan import Child, Leaf, Node, Rows, Typed
from simulators.salesforce.soql.problems import SoqlError, malformed, unknown_field, unknown_relationship
from simulators.salesforce.soql.syntax import Function, Item, Name, Query, TypeOf

MAX_CHILDREN, FIELDS_LIMIT = 20, 200
_ROW_FUNCTIONS = ("TOLABEL", "CONVERTCURRENCY", "FORMAT")
_FIELD_SETS: dict[str, Callable[[Field], bool]] = {
    "ALL": lambda _item: True, "STANDARD": lambda item: not item.custom, "CUSTOM": lambda item: item.custom,
}  # fmt: skip


class Selection:
    """Compiles a query for records, at the top or as a child list."""

    def __init__(self, frame: Frame, query: Query) -> None:
        self.frame, self.query = frame, query
        self.documents = [f"{frame.alias}.doc"]
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
        where = filters(frame, query)
        order = self._order()
        body = frame.body(" AND ".join(term for term in (under, where) if term))
        tail = f"{body} ORDER BY {order}{limits(frame, query)}"
        documents = ", ".join(self.documents)
        joins = "".join(f" {join}" for join in frame.join_sql)
        page = (
            f'SELECT {frame.alias}.key, {documents} FROM "{frame.sobject.name}" {frame.alias}{joins} '
            f"WHERE {frame.alias}.key IN (SELECT value FROM json_each(:keys))"
        )
        return Rows(
            frame.sobject, self.root, f"SELECT {documents} {tail}", f"SELECT {frame.alias}.key {tail}", page,
            self.children > 0, marks(query),
        )  # fmt: skip

    # -- what is selected -------------------------------------------------------------------

    def _select(self, item: Item) -> None:
        what = item.what
        if isinstance(what, Query):
            self._select_child(what)
        elif isinstance(what, TypeOf):
            self._select_typed(what)
        elif isinstance(what, Name):
            if item.alias is not None:
                raise malformed("only aggregate expressions use field aliasing", item.alias.at)
            self._leaf(what, None, None)
        elif what.name.upper() == "FIELDS":
            self._select_fields(what)
        elif what.name.upper() in _ROW_FUNCTIONS:
            name, show = self._function(what)
            self._leaf(name, item.alias, show)
        else:
            raise malformed(f"unexpected token: '{what.name}'", what.at)

    def _function(self, call: Function) -> tuple[Name, Show]:
        """The field that a row function is about, and what it shows of it; FORMAT may be around convertCurrency."""
        inner = call.arguments[0] if len(call.arguments) == 1 else None
        name = call.name.upper()
        if isinstance(inner, Function) and name == "FORMAT" and inner.name.upper() == "CONVERTCURRENCY":
            path, show = self._function(inner)
            item = self.frame.column(path).field
            return path, lambda value, doc, asking: formatted(
                item, show(value, doc, asking), asking.currency, asking.zone
            )
        if not isinstance(inner, Name):
            raise malformed(f"unexpected token: '{call.name}'", call.at)
        column = self.frame.column(inner)
        item = column.field
        if name == "FORMAT":
            return inner, formatting(item, converting(self.frame, column))
        if name == "TOLABEL":
            return inner, labelled(item)
        must_be_money(item.name, item.type, inner.at)
        return inner, converting(self.frame, column)

    def _leaf(self, name: Name, alias: Name | None, show: Show | None) -> None:
        column = self.frame.column(name)
        key = alias.text if alias else column.field.name
        path = ".".join((*column.hops, key)).lower()
        if path in self.seen:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {name.text}", name.at)
        self.seen.add(path)
        if show is None and alias is None:
            self.columns.append(".".join((*column.hops, key)))
        if ".".join(column.hops).lower() in self.seen and column.hops:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {name.text}", name.at)
        self._node(column.hops).entries.append(_leaf(column, key, show))

    def _node(self, hops: tuple[str, ...]) -> Node:
        if hops not in self.nodes:
            above = self._node(hops[:-1])
            if hops in self.frame.names_joined:
                node = Node(None, self._document(self.frame.names_joined[hops].document))
            else:
                alias, parent = self.frame.joins[hops]
                node = Node(parent, self._document(f"{alias}.doc"))
            self.nodes[hops] = node
            above.entries.append((hops[-1], node))
        return self.nodes[hops]

    def _document(self, sql: str) -> int:
        if sql not in self.documents:
            self.documents.append(sql)
        return self.documents.index(sql)

    def _select_typed(self, what: TypeOf) -> None:
        frame, at = self.frame, what.path.at
        parts = frame.resolved(what.path)
        reference = frame.sobject.parents.get(parts[0].lower()) if len(parts) == 1 else None
        if reference is None:
            raise unknown_relationship(what.path.text, at)
        if not reference.polymorphic:
            raise malformed(f"TYPEOF needs a polymorphic relationship, and {reference.relationship} is none", at)
        if reference.relationship.lower() in self.seen or (reference.relationship,) in self.nodes:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {what.path.text}", at)
        self.seen.add(reference.relationship.lower())
        joined = frame.name_of((), frame.alias, reference)
        objects = {target.name.lower(): target for _alias, target in joined.targets}
        branches: dict[str, list[Leaf]] = {}
        for kind, fields in what.branches:
            target = objects.get(kind.text.lower())
            if target is None or target.name in branches:
                message = f"{kind.text} is no type that {reference.relationship} may have, or is named twice"
                raise malformed(message, kind.at)
            branches[target.name] = []
            for name in fields:
                item = target.get(name.text)
                if item is None:
                    raise unknown_field(name.text, target.name, name.at)
                branches[target.name].append(Leaf(item.name, item))
        otherwise = None
        if what.otherwise:
            columns = [joined.column(name.text, name.at) for name in what.otherwise]
            otherwise = [_leaf(column, column.field.name, None) for column in columns]
        self.root.entries.append(Typed(reference.relationship, self._document(joined.document), branches, otherwise))

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
        work, level = self.frame.work, self.frame.level + 1
        if level > work.levels:
            raise malformed(f"A query may go {work.levels} levels of child records down in this API version", name.at)
        if grouping.is_aggregate(query):
            raise malformed("Aggregates are not allowed in a child query", name.at)
        frame = open_frame(work, query, work.schema.objects[found.sobject.lower()])
        frame.level = level
        frame.names[name.text.lower()] = ()
        inner = Selection(frame, query).rows(f"{tables.column(found.field, frame.alias)} = :parent")
        self.root.entries.append(Child(found.name, inner))

    # -- order ------------------------------------------------------------------------------

    def _order(self) -> str:
        terms: list[str] = []
        for ordering in self.query.order:
            if isinstance(ordering.operand, Function) and ordering.operand.name.upper() in AGGREGATES:
                raise malformed(f"unexpected token: '{ordering.operand.name}'", ordering.operand.at)
            found = measure(self.frame, ordering.operand)
            sql = found.sql
            if found.type == "currency":
                operand = ordering.operand
                path = operand if isinstance(operand, Name) else operand.arguments[0]  # of FORMAT()
                sql = worth(self.frame, self.frame.column(path))
            terms += order_terms(self.frame, sql, found.field, ordering.descending, ordering.nulls_last, found.at)
        last = f"{self.frame.alias}.key"  # ids decide what the query leaves open, so that answers repeat
        return ", ".join(terms if terms and terms[-1] == last else (*terms, last))


def _leaf(column: Column, key: str, show: Show | None) -> Leaf:
    """A field to show; of a record of any object what the Name entity has is looked for in that object's fields."""
    if show is None and not column.alias and column.field.name in ("Name", "Type"):
        kind: Any = column.field.name
        return Leaf(key, column.field, named(kind))
    return Leaf(key, column.field, show)
