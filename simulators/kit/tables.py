"""The statements that write a kind's documents: key, text, and the members that have columns of their own."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from simulators.kit.kinds import Columns, Kind

Apart = tuple[Any, ...]
"""What of a document stands in columns of its own, in the order of `Table.members`."""


class Table:
    """One kind's table, as the store fills it."""

    def __init__(self, kind: Kind, columns: Columns) -> None:
        self.kind, self._columns = kind, columns
        self.key = kind.key
        self.members = tuple(member for _, member in columns)
        self._unique = {spec.partition("=")[0] for spec in kind.unique}
        self._updates: dict[tuple[int, ...], tuple[str, bool]] = {}

    def apart(self, doc: Mapping[str, Any]) -> Apart:
        """The members of a document that have columns of their own."""
        return tuple(map(doc.get, self.members))

    @cached_property
    def insert(self) -> str:
        """Takes key, text and all members that stand apart."""
        names, places = "".join(f', "{name}"' for name, _ in self._columns), ", ?" * len(self._columns)
        return f'INSERT INTO "{self.kind.name}" (key, doc{names}) VALUES (?, ?{places})'

    def update(self, places: tuple[int, ...]) -> tuple[str, bool]:
        """Takes text, the members at these places of `members`, and the key; and whether it may meet a unique one."""
        known = self._updates.get(places)
        if known is None:
            names = [self._columns[place][0] for place in places]
            sets = "".join(f', "{name}" = ?' for name in names)
            sql = f'UPDATE "{self.kind.name}" SET doc = ?{sets} WHERE key = ?'
            known = self._updates[places] = (sql, not self._unique.isdisjoint(names))
        return known

    @cached_property
    def whole(self) -> tuple[int, ...]:
        """The places of all members."""
        return tuple(range(len(self.members)))
