"""Run a query: find or make its plan, bind, page, and turn rows into records."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import orjson

from simulators.kit.store import Doc
from simulators.salesforce import calculated
from simulators.salesforce.errors import failed
from simulators.salesforce.render import address, attributes
from simulators.salesforce.schemas import SObject
from simulators.salesforce.soql.asking import Asking
from simulators.salesforce.soql.compiler import LEVELS, LEVELS_BEFORE_58, compile_query
from simulators.salesforce.soql.plan import Aggregate, Child, Count, Leaf, Node, Plan, Rows, Typed
from simulators.salesforce.soql.problems import SoqlError, explain
from simulators.salesforce.soql.shape import shape
from simulators.salesforce.soql.syntax import check_length, parse
from simulators.salesforce.state import OrgState

PLAN_CACHE = 2_000
NESTING_SINCE = 58  # the API version from which child queries may have child queries
Shown = dict[str, Any]


class Run:
    """One execution of a query at one moment (epoch s, UTC days), by a user, in an API version."""

    def __init__(
        self, org: OrgState, text: str, at: float, root: str, with_deleted: bool = False, user: str = "",
        version: int = NESTING_SINCE,
    ) -> None:  # fmt: skip
        self.org, self.text, self.root, self.at = org, text, root, at
        self.asking = Asking(org, user or org.user_id, at)
        try:
            self.plan, slots = plan_of(
                org, text, with_deleted, LEVELS if version >= NESTING_SINCE else LEVELS_BEFORE_58
            )
            self.parameters = self.plan.parameters(slots, self.asking)
        except SoqlError as error:
            raise explain(error, text) from error

    def _execute(self, sql: str, more: dict[str, Any] | None = None) -> sqlite3.Cursor:
        try:
            return self.org.store.db.execute(sql, self.parameters | more if more else self.parameters)
        except sqlite3.Error as error:
            raise failed("QUERY_TOO_COMPLICATED", f"The query is too complicated to run: {error}") from error

    def count(self) -> int:
        """The number behind `COUNT()`."""
        assert isinstance(self.plan.body, Count)
        return int(self._execute(self.plan.body.sql).fetchone()[0])

    def aggregates(self, most: int) -> list[Shown]:
        """Rows of an aggregate query; more than `most` are refused, for they cannot be paged."""
        body = self.plan.body
        assert isinstance(body, Aggregate)
        rows = self._execute(body.sql).fetchmany(most + 1)
        if len(rows) > most:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise failed("EXCEEDED_ID_LIMIT", message)
        found = []
        for row in rows:
            shown: Shown = {"attributes": {"type": "AggregateResult"}}
            for column, value in zip(body.columns, row, strict=False):
                shown[column.key] = column.show(value) if column.show and value is not None else value
            found.append(shown)
        return found

    def first(self, most: int) -> tuple[list[Shown], bool]:
        """The first `most` records and whether there are more."""
        body = self._rows()
        rows = self._execute(body.sql).fetchmany(most + 1)
        return [self.record(body, row) for row in rows[:most]], len(rows) > most

    def selected(self) -> int:
        """How many rows the query finds, whatever it is."""
        return int(self._execute(f"SELECT count(*) FROM ({self.plan.body.sql})").fetchone()[0])

    def keys(self) -> list[str]:
        """The ids of all records, in order: what a cursor keeps."""
        return [row[0] for row in self._execute(self._rows().keys_sql)]

    def key_blocks(self, size: int) -> Iterator[list[str]]:
        """The ids of all records, in order, some at a time: for results that are larger than memory should hold."""
        cursor = self._execute(self._rows().keys_sql)
        while rows := cursor.fetchmany(size):
            yield [row[0] for row in rows]

    def page(self, keys: list[str]) -> list[Shown]:
        """The records of some ids, in that order, as they are now."""
        body = self._rows()
        rows = self._execute(body.page_sql, {"keys": orjson.dumps(keys).decode()})
        found = {row[0]: row[1:] for row in rows}
        return [self.record(body, found[key]) for key in keys if key in found]

    def _rows(self) -> Rows:
        assert isinstance(self.plan.body, Rows)
        return self.plan.body

    # -- rows to records --------------------------------------------------------------------

    def record(self, body: Rows, row: tuple[Any, ...]) -> Shown:
        """One record from the documents of one row."""
        return self._node(body.node, [None if text is None else orjson.loads(text) for text in row])

    def _node(self, node: Node, docs: list[Doc | None]) -> Shown:
        doc = docs[node.document]
        assert doc is not None
        shown: Shown = {"attributes": self._attributes(node.sobject, doc)}
        if node.plain is not None:
            for key, name, missing in node.plain:
                shown[key] = doc.get(name, missing)
            return shown
        for entry in node.entries:
            if isinstance(entry, Leaf):
                shown[entry.key] = self._leaf(entry, doc)
            elif isinstance(entry, Child):
                shown[entry.key] = self._children(entry.plan, doc["Id"])
            elif isinstance(entry, Typed):
                shown[entry.key] = self._typed(entry, docs[entry.document])
            else:
                name, parent = entry
                shown[name] = None if docs[parent.document] is None else self._node(parent, docs)
        return shown

    def _attributes(self, sobject: SObject | None, doc: Doc) -> dict[str, str]:
        """A record of any object is of type Name, with the address of what it really is."""
        if sobject is not None:
            return attributes(sobject.name, doc["Id"], self.root)
        real = self.org.schema.of_id(doc["Id"])
        return attributes("" if real is None else real.name, doc["Id"], self.root) | {"type": "Name"}

    def _typed(self, typed: Typed, doc: Doc | None) -> Shown | None:
        spec = None if doc is None else self.org.schema.of_id(doc["Id"])
        if doc is None or spec is None:
            return None
        leaves = typed.branches.get(spec.name, typed.otherwise)
        if leaves is None:
            return None
        shown: Shown = {"attributes": self._attributes(spec if spec.name in typed.branches else None, doc)}
        return shown | {leaf.key: self._leaf(leaf, doc) for leaf in leaves}

    def _leaf(self, leaf: Leaf, doc: Doc) -> Any:
        item = leaf.field
        if item.type == "address":
            return address(doc, item.name)
        value = calculated.value(self.org, item, doc, self.at) if item.formula else doc.get(item.name)
        if value is None and item.type == "boolean":
            value = False
        return leaf.show(value, doc, self.asking) if leaf.show else value

    def _children(self, plan: Rows, parent: str) -> Shown | None:
        rows = self._execute(plan.sql, {"parent": parent}).fetchall()
        if not rows:
            return None
        return {"totalSize": len(rows), "done": True, "records": [self.record(plan, row) for row in rows]}


def plan_of(org: OrgState, text: str, with_deleted: bool, levels: int) -> tuple[Plan, list[Any]]:
    """The plan for a query's shape, from the schema's cache if it was asked before; and the query's literals."""
    check_length(text)
    form, slots = shape(text)
    plans = org.schema.plans
    plan = plans.get((form, with_deleted, levels))
    if plan is None:
        plan = compile_query(org.schema, parse(text), slots, with_deleted, levels)
        if len(plans) > PLAN_CACHE:
            plans.clear()
        plans[form, with_deleted, levels] = plan
    return plan, slots
