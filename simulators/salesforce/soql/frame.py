"""One query level in the making: its object, the joins its paths need, and the values its SQL will be given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from simulators.salesforce.schemas import Field, Schema, SObject
from simulators.salesforce.soql.problems import (
    SoqlError,
    malformed,
    unknown_field,
    unknown_object,
    unknown_relationship,
)
from simulators.salesforce.soql.shape import Given, Slot
from simulators.salesforce.soql.syntax import Literal, Name, Query

MAX_PARENTS = 5

Binder = Callable[[list[Slot], date], Any]
"""Computes a bound value from a query's literals and the business day."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where a path leads: the SQL of its value, its field, its join and the relationships on the way."""

    sql: str
    field: Field
    alias: str
    hops: tuple[str, ...] = ()


class Compilation:
    """What all levels of one query share: schema, literals, bound values, names for joins."""

    def __init__(self, schema: Schema, slots: list[Slot], with_deleted: bool) -> None:
        self.schema, self.slots, self.with_deleted = schema, slots, with_deleted
        self.places = {
            given.at: (number, index) for number, slot in enumerate(slots) for index, given in enumerate(slot)
        }
        self.binders: dict[str, Binder] = {}
        self._constants: dict[Any, str] = {}
        self._aliases = 0

    def bind(self, binder: Binder) -> str:
        """A parameter computed for each query of the shape."""
        name = f"b{len(self.binders)}"
        self.binders[name] = binder
        return f":{name}"

    def constant(self, value: Any) -> str:
        """A parameter that is the same for all queries of the shape."""
        if value not in self._constants:
            self._constants[value] = self.bind(lambda _slots, _today: value)
        return self._constants[value]

    def literal(self, literal: Literal, read: Callable[[Given], Any]) -> str:
        """A parameter read from one literal; read once now, so that a bad one is refused at its place."""
        number, index = self.place(literal)
        read(self.slots[number][index])
        return self.bind(lambda slots, _today: read(slots[number][index]))

    def place(self, literal: Literal) -> tuple[int, int]:
        """Which slot a literal is, and which member of it."""
        if literal.at not in self.places:
            raise malformed("unexpected token", literal.at)
        return self.places[literal.at]

    def given(self, literal: Literal) -> Given:
        """The literal as this query has it."""
        number, index = self.place(literal)
        return self.slots[number][index]

    def alias(self) -> str:
        """A fresh SQL alias."""
        self._aliases += 1
        return f"t{self._aliases - 1}"


@dataclass
class Frame:
    """One SELECT level."""

    work: Compilation
    sobject: SObject
    alias: str
    names: dict[str, tuple[str, ...]]  # source aliases -> relationship path
    grouped: dict[str, str] | None = None  # lower-case text of a grouped operand -> its SQL, in aggregate queries
    inner: bool = False  # the inner query of a semi-join, in which there is no further one
    joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    join_sql: list[str] = field(default_factory=list)

    def column(self, name: Name) -> Column:
        """The column that a path means."""
        parts = list(name.parts)
        while len(parts) > 1 and parts[0].lower() in self.names and parts[0].lower() not in self.sobject.parents:
            parts[:1] = self.names[parts[0].lower()]
        hops: tuple[str, ...] = ()
        sobject, alias = self.sobject, self.alias
        if len(parts) - 1 > MAX_PARENTS:
            raise SoqlError("MALFORMED_QUERY", "SELECT relationship depth exceeds 5 levels", name.at)
        for part in parts[:-1]:
            hops, alias, sobject = self._hop(hops, alias, sobject, part, name.at)
        found = sobject.get(parts[-1])
        if found is None:
            raise unknown_field(parts[-1], sobject.name, name.at)
        sql = f"{alias}.key" if found.name == "Id" else f'{alias}."{found.name}"'
        return Column(sql, found, alias, hops)

    def _hop(
        self, hops: tuple[str, ...], alias: str, sobject: SObject, part: str, at: int
    ) -> tuple[tuple[str, ...], str, SObject]:
        reference = sobject.parents.get(part.lower())
        if reference is None:
            raise unknown_relationship(part, at)
        path = (*hops, reference.relationship)
        if path not in self.joins:
            parent, joined = self.work.schema.objects[reference.to.lower()], self.work.alias()
            self.joins[path] = (joined, parent)
            self.join_sql.append(f'LEFT JOIN "{parent.name}" {joined} ON {joined}.key = {alias}."{reference.name}"')
        joined, parent = self.joins[path]
        return path, joined, parent

    def body(self, where: str) -> str:
        """FROM, joins and WHERE; only live rows unless asked otherwise."""
        live = "" if self.work.with_deleted else f'{self.alias}."IsDeleted" = 0'
        terms = " AND ".join(term for term in (live, where) if term)
        joins = "".join(f" {join}" for join in self.join_sql)
        return f'FROM "{self.sobject.name}" {self.alias}{joins}' + (f" WHERE {terms}" if terms else "")


def open_frame(work: Compilation, query: Query, sobject: SObject | None = None) -> Frame:
    """The frame of a query; `sobject` is given for a child query, whose FROM names a relationship."""
    (name, alias), *others = query.sources
    if sobject is None:
        found = work.schema.get(name.text)
        if found is None:
            raise unknown_object(name.text, name.at)
        sobject = found
    names: dict[str, tuple[str, ...]] = {sobject.name.lower(): ()}
    if alias is not None:
        names[alias.text.lower()] = ()
    for path, short in others:
        if short is None or len(path.parts) < 2 or path.parts[0].lower() not in names:
            raise malformed(f"unexpected token: '{path.text}'", path.at)
        names[short.text.lower()] = (*names[path.parts[0].lower()], *path.parts[1:])
    return Frame(work, sobject, work.alias(), names)
