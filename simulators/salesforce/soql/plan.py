"""Compiled queries: SQL with named parameters, how to compute them, and how rows become records."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulators.kit.store import Doc
from simulators.salesforce.schemas import Field, SObject
from simulators.salesforce.soql import literals
from simulators.salesforce.soql.asking import Asking, Binder, Show
from simulators.salesforce.soql.problems import SoqlError
from simulators.salesforce.soql.shape import Slot

MAX_OFFSET = 2_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A selected field: the name it is shown under, and what turns the stored value into the shown one."""

    key: str
    field: Field
    show: Show | None = None

    @property
    def plain(self) -> tuple[str, str, Any] | None:
        """Key, stored name and value when missing, where the shown value is simply the stored one."""
        if self.show is not None or self.field.type == "address" or self.field.formula:
            return None
        return self.key, self.field.name, False if self.field.type == "boolean" else None


@dataclass(frozen=True, slots=True)
class Child:
    """A selected list of child records."""

    key: str
    plan: "Rows"


@dataclass(frozen=True, slots=True)
class Typed:
    """A TYPEOF: what is shown of a parent by its object's name, and of those that are not named (None: nothing)."""

    key: str
    document: int
    branches: dict[str, list[Leaf]]
    otherwise: list[Leaf] | None


@dataclass
class Node:
    """What is selected of one record: leaves, parents and children in the order of the query."""

    sobject: SObject | None  # None: of any object, which its id tells
    document: int  # which selected document it reads
    entries: list["Leaf | Child | Typed | tuple[str, Node]"] = field(default_factory=list)
    plain: list[tuple[str, str, Any]] | None = None  # when all entries are plain leaves

    def seal(self) -> None:
        """All entries are there: note whether the quick way will do."""
        found = [entry.plain if isinstance(entry, Leaf) else None for entry in self.entries]
        self.plain = None if None in found else [entry for entry in found if entry is not None]


@dataclass
class Rows:
    """A query for records. `sql` selects the documents that the nodes read; `keys_sql` only the ids."""

    sobject: SObject
    node: Node
    sql: str
    keys_sql: str
    page_sql: str
    children: bool = False
    marks: frozenset[str] = frozenset()  # the words of FOR


@dataclass
class Count:
    """`SELECT COUNT() FROM …`."""

    sobject: SObject
    sql: str


class Total(NamedTuple):
    """A column of a grouped query: what it is shown under, how a value is shown, how its column is described."""

    key: str
    show: Callable[[Any], Any] | None
    called: str  # as it was written: `avg(Amount)`, `CampaignId`
    type: str
    field: Field | None  # None behind an aggregate


@dataclass
class Aggregate:
    """A grouped query and its columns."""

    sobject: SObject
    sql: str
    columns: list[Total]


@dataclass
class Plan:
    """One compiled shape. Parameters are computed from the slots of a query of that shape."""

    body: Rows | Count | Aggregate
    binders: dict[str, Binder]
    offset: tuple[int, int] | None = None
    columns: list[str] = field(default_factory=list)  # column names of a flat query, for CSV

    def parameters(self, slots: list[Slot], asking: Asking) -> dict[str, Any]:
        """Values for the SQL; raises SoqlError for a literal that is none."""
        if self.offset is not None:
            given = slots[self.offset[0]][self.offset[1]]
            if literals.count(given) > MAX_OFFSET:
                raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}", given.at)
        return {name: binder(slots, asking) for name, binder in self.binders.items()}


Docs = list[Doc | None]
