"""One query level in the making: its object, the joins its paths need, and the values its SQL will be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.salesforce import tables
from simulators.salesforce.schemas import Field, Schema, SObject
from simulators.salesforce.soql.asking import Asking, Binder
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


@dataclass(frozen=True, slots=True)
class Column:
    """Where a path leads: the SQL of its value, its field, its join and the relationships on the way."""

    sql: str
    field: Field
    alias: str
    hops: tuple[str, ...] = ()


_NAME_FIELDS = {
    item.name.lower(): item
    for item in (
        Field("Id", "id", "Id", 18), Field("Name", "string", "Name", 255), Field("Type", "string", "Type", 40),
        Field("FirstName", "string", "First Name", 40), Field("LastName", "string", "Last Name", 80),
        Field("Username", "string", "Username", 80), Field("Email", "email", "Email", 80),
        Field("Phone", "phone", "Phone", 40), Field("Title", "string", "Title", 128),
        Field("Alias", "string", "Alias", 8), Field("IsActive", "boolean", "Active"),
    )
}  # fmt: skip
"""What can be asked of a record of any object: the fields of the vendor's Name entity, as far as we have them."""


@dataclass(frozen=True, slots=True)
class NameOf:
    """A polymorphic parent: for each object that it may be, an alias."""

    hops: tuple[str, ...]
    targets: tuple[tuple[str, SObject], ...]

    @property
    def document(self) -> str:
        """SQL of the parent's document."""
        return f"coalesce({', '.join(f'{alias}.doc' for alias, _target in self.targets)})"

    def column(self, name: str, at: int) -> Column:
        """A field of the Name entity."""
        item = _NAME_FIELDS.get(name.lower())
        if item is None:
            raise unknown_field(name, "Name", at)
        if item.name == "Type":
            cases = "".join(f" WHEN {alias}.key IS NOT NULL THEN '{target.name}'" for alias, target in self.targets)
            return Column(f"(CASE{cases} END)", item, "", self.hops)
        columns = [sql for alias, target in self.targets if (sql := _name_column(alias, target, item.name))]
        sql = "NULL" if not columns else columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})"
        return Column(sql, item, "", self.hops)


def _name_column(alias: str, target: SObject, name: str) -> str:
    item = target.name_field if name == "Name" else target.get(name)
    return tables.column(item, alias) if item is not None else ""


class Compilation:
    """What all levels of one query share: schema, literals, bound values, names for joins."""

    def __init__(self, schema: Schema, slots: list[Slot], with_deleted: bool, levels: int) -> None:
        self.schema, self.slots, self.with_deleted = schema, slots, with_deleted
        self.levels = levels  # of records that child queries may go through, the top one included
        self.semi_joins = 0
        self.places = {
            given.at: (number, index) for number, slot in enumerate(slots) for index, given in enumerate(slot)
        }
        self.binders: dict[str, Binder] = {}
        self._constants: dict[Any, str] = {}
        self._settings: dict[str, str] = {}
        self._aliases = 0

    def bind(self, binder: Binder) -> str:
        """A parameter computed for each query of the shape."""
        name = f"b{len(self.binders)}"
        self.binders[name] = binder
        return f":{name}"

    def constant(self, value: Any) -> str:
        """A parameter that is the same for all queries of the shape."""
        if value not in self._constants:
            self._constants[value] = self.bind(lambda _slots, _asking: value)
        return self._constants[value]

    def setting(self, name: str, read: Callable[[Asking], Any]) -> str:
        """A parameter that depends on the org or on who asks, the same wherever a query speaks of it."""
        if name not in self._settings:
            self._settings[name] = self.bind(lambda _slots, asking: read(asking))
        return self._settings[name]

    def literal(self, literal: Literal, read: Callable[[Given], Any]) -> str:
        """A parameter read from one literal; read once now, so that a bad one is refused at its place."""
        number, index = self.place(literal)
        read(self.slots[number][index])
        return self.bind(lambda slots, _asking: read(slots[number][index]))

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
    rolled: frozenset[str] = frozenset()  # those that this part of a ROLLUP or CUBE has summed over
    inner: bool = False  # the inner query of a semi-join, in which there is no further one
    level: int = 1  # of nesting of child queries
    joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    names_joined: dict[tuple[str, ...], NameOf] = field(default_factory=dict)  # polymorphic parents
    join_sql: list[str] = field(default_factory=list)

    def column(self, name: Name) -> Column:
        """The column that a path means."""
        *hops, last = self.resolved(name)
        path: tuple[str, ...] = ()
        sobject, alias = self.sobject, self.alias
        if len(hops) > MAX_PARENTS:
            raise SoqlError("MALFORMED_QUERY", "SELECT relationship depth exceeds 5 levels", name.at)
        for place, part in enumerate(hops):
            reference = sobject.parents.get(part.lower())
            if reference is None:
                raise unknown_relationship(part, name.at)
            if reference.polymorphic:
                if place + 1 < len(hops):
                    raise unknown_relationship(hops[place + 1], name.at)
                return self.name_of(path, alias, reference).column(last, name.at)
            path, alias, sobject = self._hop(path, alias, reference)
        found = sobject.get(last)
        if found is None:
            raise unknown_field(last, sobject.name, name.at)
        return Column(tables.column(found, alias), found, alias, path)

    def resolved(self, name: Name) -> list[str]:
        """The parts of a path with source aliases replaced by what they stand for."""
        parts = list(name.parts)
        while len(parts) > 1 and parts[0].lower() in self.names and parts[0].lower() not in self.sobject.parents:
            parts[:1] = self.names[parts[0].lower()]
        return parts

    def _hop(self, hops: tuple[str, ...], alias: str, reference: Field) -> tuple[tuple[str, ...], str, SObject]:
        path = (*hops, reference.relationship)
        if path not in self.joins:
            self.joins[path] = self._join(alias, reference, reference.to)
        return path, *self.joins[path]

    def _join(self, alias: str, reference: Field, target: str) -> tuple[str, SObject]:
        parent, joined = self.work.schema.objects[target.lower()], self.work.alias()
        self.join_sql.append(f'LEFT JOIN "{parent.name}" {joined} ON {joined}.key = {tables.column(reference, alias)}')
        return joined, parent

    def name_of(self, hops: tuple[str, ...], alias: str, reference: Field) -> NameOf:
        """The join of all objects that a polymorphic reference may lead to."""
        path = (*hops, reference.relationship)
        if path not in self.names_joined:
            targets = tuple(self._join(alias, reference, target) for target in reference.targets)
            self.names_joined[path] = NameOf(path, targets)
        return self.names_joined[path]

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
